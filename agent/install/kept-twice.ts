import * as z from 'zod/mini';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { canonicalBytes } from '../../shared/metadata/canonical-json.ts';
import { inTurn } from '../in-turn.ts';
import { isOfPlatform } from '../platform-error.ts';
import { readIfThere, writeDurably } from './durable-file.ts';
import { jsonIn } from '../read-json.ts';

/** A value on disk that survives the loss or corruption of any single file. */
export interface KeptTwice<T> {
  /** The newest copy that is whole; the other copy is mended. Undefined when there is none. */
  readonly load: () => Promise<T | undefined>;
  readonly save: (value: T) => Promise<void>;
}

const Envelope = z.strictObject({
  sequence: z.int().check(z.minimum(1)),
  checksum: z.string(),
  value: z.unknown(),
});

/** How a value is written to a file and read from it. */
export interface Form<T> {
  readonly schema: z.ZodMiniType<T>;
  readonly plain: (value: T) => unknown;
}

interface Copy<T> {
  readonly sequence: number;
  readonly value: T;
}

/** Keeps a value as `<path>.json` and `<path>.backup.json`, each with a checksum and a sequence. */
export function keepTwice<T>(path: string, form: Form<T>): KeptTwice<T> {
  const [first, second] = pathsOf(path);
  let sequence: number | undefined;
  const alone = inTurn(); // a load that mends what a save is writing would bring the old value back
  const load = async (): Promise<T | undefined> => {
    const copies = await readCopies(path, form);
    const newest = newestOf(copies);
    sequence = newest?.sequence ?? 0;
    if (newest === undefined) return undefined;
    for (const [at, file] of pathsOf(path).entries()) {
      // A whole copy of the same sequence says the same: writing it again would only wear the disk.
      if (copies[at]?.sequence !== newest.sequence) await mend(file, encode(newest, form));
    }
    return newest.value;
  };
  const save = async (value: T): Promise<void> => {
    if (sequence === undefined) await load();
    sequence = (sequence ?? 0) + 1;
    const bytes = encode({ sequence, value }, form);
    await writeDurably(first, bytes); // from here on it counts: the higher sequence is believed
    await writeDurably(second, bytes);
  };
  return { load: () => alone(load), save: (value) => alone(() => save(value)) };
}

/** The newest whole copy, without mending anything: for whoever only looks. */
export async function readKept<T>(path: string, form: Form<T>): Promise<T | undefined> {
  return newestOf(await readCopies(path, form))?.value;
}

/** What was read is true although a full disk keeps it from being written again: the next save will. */
async function mend(file: string, bytes: Buffer): Promise<void> {
  try {
    await writeDurably(file, bytes);
  } catch (cause) {
    if (!isOfPlatform(cause)) throw cause;
  }
}

type Copies<T> = readonly (Copy<T> | undefined)[];

async function readCopies<T>(path: string, form: Form<T>): Promise<Copies<T>> {
  return Promise.all(pathsOf(path).map((file) => readCopy(file, form)));
}

function newestOf<T>(copies: Copies<T>): Copy<T> | undefined {
  const [best] = copies
    .filter((copy) => copy !== undefined)
    .sort((left, right) => right.sequence - left.sequence);
  return best;
}

async function readCopy<T>(path: string, { schema }: Form<T>): Promise<Copy<T> | undefined> {
  const bytes = await readIfThere(path);
  const envelope = Envelope.safeParse(jsonIn(bytes));
  if (!envelope.success) return undefined;
  const { sequence, checksum, value } = envelope.data;
  if (checksumOf(sequence, value) !== checksum) return undefined;
  const parsed = schema.safeParse(value);
  return parsed.success ? { sequence, value: parsed.data } : undefined;
}

function encode<T>({ sequence, value }: Copy<T>, { plain }: Form<T>): Buffer {
  const written = plain(value);
  const checksum = checksumOf(sequence, written);
  return Buffer.from(`${JSON.stringify({ sequence, checksum, value: written }, null, 1)}\n`);
}

function checksumOf(sequence: number, value: unknown): string {
  try {
    return sha256Hex(canonicalBytes({ sequence, value }));
  } catch {
    return ''; // a damaged number has no canonical form, so it has no checksum either
  }
}

function pathsOf(path: string): readonly [string, string] {
  return [`${path}.json`, `${path}.backup.json`];
}
