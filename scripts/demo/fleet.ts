import * as z from 'zod';
import { Devices, DeviceDetail, Rollout, type DeviceRow } from '../fleet/answers.ts';
import type { Author } from '../fleet/author.ts';
import type { Device } from '../fleet/device.ts';

/** The author, the devices, and the eyes of whoever watches. */
export interface Fleet {
  readonly author: Author;
  readonly devices: readonly Device[];
  /** Tells live progress. */
  readonly progress: (line: string) => void;
}

/** The product of the fixtures. */
export const PRODUCT = 'gateway';

/** Starts a rollout and tells what happens until it completes, halts or is aborted. */
export async function rollOut(
  { author, progress }: Fleet,
  version: string,
  ...options: readonly string[]
): Promise<Rollout> {
  const { id } = await author.ask(
    Rollout,
    ...['rollout', 'start', '--product', PRODUCT, '--version', version, ...options],
  );
  let last = '';
  const { code } = await author.follow(
    (line) => {
      const rollout = Rollout.safeParse(parsed(line)).data;
      if (rollout === undefined) return;
      const text = progressOf(rollout);
      if (text !== last) progress(text);
      last = text;
    },
    ...['rollout', 'watch', id, '--interval', '1'],
  );
  if (code === null) throw new Error(`the rollout of ${version} did not end: ${last}`);
  return author.ask(Rollout, 'rollout', 'status', id);
}

/** Every device as the server knows it, in the order of the names. */
export async function devicesOf({ author }: Fleet): Promise<readonly DeviceRow[]> {
  const { devices } = await author.ask(Devices, 'device', 'list', '--product', PRODUCT);
  return [...devices].sort((left, right) => (left.id < right.id ? -1 : 1));
}

/** One device with what it last reported. */
export async function detailOf({ author }: Fleet, id: string): Promise<DeviceDetail> {
  return author.ask(DeviceDetail, 'device', 'show', id);
}

const Health = z.object({ version: z.string(), healthy: z.boolean() });

/** What really runs on a device: its service is asked, not its agent. */
export async function serviceVersion({ servicePort }: Device): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${servicePort}/healthz`);
  const { version, healthy } = Health.parse(await answer.json());
  return healthy ? version : `${version}, unhealthy`;
}

function progressOf({ version, phase, phases, state }: Rollout): string {
  const counts = phases.map(
    ({ percent, members, offered, proven, failed }, index) =>
      `${index === phase ? '>' : ' '} ${percent}%: ${offered}/${members} offered, ${proven} proven` +
      (failed > 0 ? `, ${failed} failed` : ''),
  );
  return `${PRODUCT} ${version} ${state.padEnd(9)} ${counts.join('   ')}`;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // a line for people
  }
}
