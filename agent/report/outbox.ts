import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { MAX_REPORT_MESSAGE_BYTES, MAX_REPORTS_PER_MESSAGE } from '../../shared/protocol/report.ts';
import { inTurn } from '../in-turn.ts';
import { readIfThere, removeDurably, writeDurably } from '../install/durable-file.ts';
import { keepTwice } from '../install/kept-twice.ts';
import { jsonIn } from '../read-json.ts';

/** Signed reports on disk, one file each, until the server has them. */
export interface Outbox {
  /** Durable when it returns. A number that is there, or was delivered, is left as it is. */
  readonly put: (number: number, envelope: Envelope) => Promise<void>;
  /** The numbers that wait, ascending. */
  readonly waiting: () => Promise<readonly number[]>;
  /**
   * The oldest reports as one message; undefined when nothing waits. One that a disk has spoiled or
   * lost is made again: a gap, or one that nobody can read, would hold back all that come after it.
   */
  readonly nextMessage: (
    remake: (number: number) => Envelope,
  ) => Promise<ReportMessage | undefined>;
  /** The highest number that is known to be on the server's disk. */
  readonly acknowledged: () => number;
  /** The server has stored everything up to this number. */
  readonly removeThrough: (number: number) => Promise<void>;
}

/** Makes a signed report, when it is needed. */
export type Envelope = () => Promise<Uint8Array>;

/** What goes over the wire, and which numbers it holds. */
export interface ReportMessage {
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly last: number;
}

const NAME = /^(\d{1,15})\.json$/;
const FRAME_BYTES = 64; // {"reports":[...]} and the commas
const ACKNOWLEDGED = { schema: z.int().check(z.minimum(0)), plain: (number: number) => number };

/** An outbox in a folder. */
export async function outboxFolder(folder: string): Promise<Outbox> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (number: number): string => join(folder, `${number}.json`);
  const waiting = (): Promise<readonly number[]> => waitingReports(folder);
  const read = async (number: number): Promise<string | undefined> =>
    wholeOf(await readIfThere(pathOf(number)));
  const marker = join(folder, 'acknowledged');
  const kept = keepTwice(marker, ACKNOWLEDGED);
  // An agent of 0.1.0 kept it once, as it is.
  let acknowledged = (await kept.load()) ?? (Number((await readIfThere(marker))?.toString()) || 0);
  const alone = inTurn(); // an acknowledgement may come over HTTP and over MQTT at once
  const put: Outbox['put'] = async (number, envelope) => {
    if (number <= acknowledged || (await read(number)) !== undefined) return;
    await writeDurably(pathOf(number), sealed(await envelope()));
  };
  const removeThrough: Outbox['removeThrough'] = async (number) => {
    if (number <= acknowledged) return;
    await kept.save(number); // first: a removed report stays told
    acknowledged = number;
    const stored = (await waiting()).filter((held) => held <= number);
    for (const held of stored) await removeDurably(pathOf(held));
  };
  const nextMessage: Outbox['nextMessage'] = async (remake) => {
    const numbers = withoutGaps(acknowledged, await waiting());
    for (const number of numbers) await put(number, remake(number));
    return messageOf(numbers, read);
  };
  return {
    waiting,
    acknowledged: () => acknowledged,
    put: (number, envelope) => alone(() => put(number, envelope)),
    nextMessage: (remake) => alone(() => nextMessage(remake)),
    removeThrough: (number) => alone(() => removeThrough(number)),
  };
}

/** The numbers of the reports in a folder, ascending. */
export async function waitingReports(folder: string): Promise<readonly number[]> {
  const numbers = (await readdir(folder)).map((name) => Number(NAME.exec(name)?.[1] ?? NaN));
  return numbers.filter((number) => !Number.isNaN(number)).sort((a, b) => a - b);
}

/** As many as one message holds. With nothing acknowledged that we know of, the oldest comes first. */
function withoutGaps(acknowledged: number, waiting: readonly number[]): readonly number[] {
  const last = waiting.at(-1) ?? 0;
  const first = acknowledged > 0 ? acknowledged + 1 : (waiting[0] ?? 1);
  const count = Math.max(0, Math.min(last - first + 1, MAX_REPORTS_PER_MESSAGE));
  return Array.from({ length: count }, (_, index) => first + index);
}

/** A report as it lies on disk: the envelope in one line, and its checksum in another. */
function sealed(envelope: Uint8Array): Uint8Array {
  return Buffer.concat([envelope, Buffer.from(`\n${sha256Hex(envelope)}`)]);
}

/** The envelope, if it is as it was written. What an agent of 0.1.0 wrote has no checksum. */
function wholeOf(bytes: Buffer | undefined): string | undefined {
  const [envelope = '', checksum] = bytes?.toString('utf8').split('\n') ?? [];
  if (checksum === undefined) return jsonIn(bytes) === undefined ? undefined : envelope;
  return sha256Hex(Buffer.from(envelope)) === checksum ? envelope : undefined;
}

async function messageOf(
  numbers: readonly number[],
  read: (number: number) => Promise<string | undefined>,
): Promise<ReportMessage | undefined> {
  const [first] = numbers;
  if (first === undefined) return undefined;
  const envelopes: string[] = [];
  let length = FRAME_BYTES;
  for (const number of numbers) {
    const envelope = await read(number);
    if (envelope === undefined) break;
    length += Buffer.byteLength(envelope) + 1;
    if (envelopes.length > 0 && length > MAX_REPORT_MESSAGE_BYTES) break;
    envelopes.push(envelope);
  }
  // The envelopes as they lie on disk: parsing them could only change them.
  const bytes = Buffer.from(`{"reports":[${envelopes.join(',')}]}`, 'utf8');
  return { bytes, first, last: first + envelopes.length - 1 };
}
