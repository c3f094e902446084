import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_REPORT_MESSAGE_BYTES, MAX_REPORTS_PER_MESSAGE } from '../../shared/protocol/report.ts';
import { inTurn } from '../in-turn.ts';
import { readIfThere, removeDurably, writeDurably } from '../install/durable-file.ts';

/** Signed reports on disk, one file each, until the server has them. */
export interface Outbox {
  /** Durable when it returns. A number that is there, or was delivered, is left as it is. */
  readonly put: (number: number, envelope: () => Promise<Uint8Array>) => Promise<void>;
  /** The numbers that wait, ascending. */
  readonly waiting: () => Promise<readonly number[]>;
  /** The oldest reports as one message; undefined when nothing waits. */
  readonly nextMessage: () => Promise<ReportMessage | undefined>;
  /** The highest number that is known to be on the server's disk. */
  readonly acknowledged: () => number;
  /** The server has stored everything up to this number. */
  readonly removeThrough: (number: number) => Promise<void>;
}

/** What goes over the wire, and which numbers it holds. */
export interface ReportMessage {
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly last: number;
}

const NAME = /^(\d{1,15})\.json$/;
const FRAME_BYTES = 64; // {"reports":[...]} and the commas

/** An outbox in a folder. */
export async function outboxFolder(folder: string): Promise<Outbox> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (number: number): string => join(folder, `${number}.json`);
  const waiting = (): Promise<readonly number[]> => waitingReports(folder);
  const read = (number: number): Promise<Buffer | undefined> => readIfThere(pathOf(number));
  const marker = join(folder, 'acknowledged');
  let acknowledged = Number((await readIfThere(marker))?.toString() ?? 0) || 0;
  const alone = inTurn(); // an acknowledgement may come over HTTP and over MQTT at once
  const put: Outbox['put'] = async (number, envelope) => {
    if (number <= acknowledged || (await read(number)) !== undefined) return;
    await writeDurably(pathOf(number), await envelope());
  };
  const removeThrough: Outbox['removeThrough'] = async (number) => {
    if (number <= acknowledged) return;
    await writeDurably(marker, Buffer.from(String(number))); // first: a removed report stays told
    acknowledged = number;
    const stored = (await waiting()).filter((held) => held <= number);
    for (const held of stored) await removeDurably(pathOf(held));
  };
  return {
    waiting,
    acknowledged: () => acknowledged,
    put: (number, envelope) => alone(() => put(number, envelope)),
    nextMessage: () => alone(async () => messageOf(await waiting(), read)),
    removeThrough: (number) => alone(() => removeThrough(number)),
  };
}

/** The numbers of the reports in a folder, ascending. */
export async function waitingReports(folder: string): Promise<readonly number[]> {
  const numbers = (await readdir(folder)).map((name) => Number(NAME.exec(name)?.[1] ?? NaN));
  return numbers.filter((number) => !Number.isNaN(number)).sort((a, b) => a - b);
}

async function messageOf(
  numbers: readonly number[],
  read: (number: number) => Promise<Buffer | undefined>,
): Promise<ReportMessage | undefined> {
  const [first] = numbers;
  if (first === undefined) return undefined;
  const envelopes: string[] = [];
  let length = FRAME_BYTES;
  for (const number of numbers.slice(0, MAX_REPORTS_PER_MESSAGE)) {
    const bytes = await read(number);
    if (bytes === undefined) break;
    length += bytes.length + 1;
    if (envelopes.length > 0 && length > MAX_REPORT_MESSAGE_BYTES) break;
    envelopes.push(bytes.toString('utf8'));
  }
  // The envelopes as they lie on disk: parsing them could only change them.
  const bytes = Buffer.from(`{"reports":[${envelopes.join(',')}]}`, 'utf8');
  return { bytes, first, last: first + envelopes.length - 1 };
}
