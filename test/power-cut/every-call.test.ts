// The real agent on a real file system that fails at one call: every twentieth call of an update, with
// each kind of failure beginning at another one. With EVERY_CALL=1, all of them: some minutes a kind.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { loadConfig } from '../../agent/config/load-config.ts';
import { run } from '../../agent/commands/run.ts';
import { readKept } from '../../agent/install/kept-twice.ts';
import { STATE_FORM } from '../../agent/state/state-form.ts';
import { startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import {
  breakDisk,
  DISK_FAULTS,
  type DiskFault,
  type FailingDisk,
} from '../support/failing-disk.ts';
import { provisionDevice, runningVersion, testAmbient } from '../support/test-agent.ts';
import { offerRelease } from '../support/test-archive.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 });

const STRIDE = process.env['EVERY_CALL'] === undefined ? 20 : 1;

/** On a disk in memory, where there is one: a flush of a real one takes its time. */
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

let server: DeviceServer;
let folder: string;
let before: string;
let told: number;
let offered: string;

beforeAll(async () => {
  server = await startDeviceServer();
  const device = await provisionDevice(server);
  offerRelease(server, '1.0.0');
  expect(await device.runOnce()).toBe('committed');
  folder = await mkdtemp(join(memory, 'sealift-calls-'));
  before = join(folder, 'before');
  await cp(device.folder, before, { recursive: true, verbatimSymlinks: true });
  told = server.reports.length;
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Lived {
  readonly calls: number;
  readonly path: string;
}

/** A device that runs 1.0.0, and one life of its agent on a disk that fails. */
async function liveWith(fault: DiskFault | undefined): Promise<Lived> {
  server.reports.length = told;
  const path = join(folder, 'device');
  await rm(path, { recursive: true, force: true });
  await cp(before, path, { recursive: true, verbatimSymlinks: true });
  const life = new AbortController();
  const disk: FailingDisk = await breakDisk(path, fault, () => {
    life.abort();
  });
  try {
    await liveOnce(path, life.signal).catch(requireOfDisk);
  } finally {
    disk.heal();
  }
  return { calls: disk.calls(), path };
}

async function liveOnce(path: string, signal: AbortSignal): Promise<number> {
  await rm(join(path, 'state', 'lock'), { force: true }); // its process is gone
  const config = await loadConfig(join(path, 'agent.json'));
  // Chance as it never is, so that nobody waits between two tries.
  const ambient = { ...testAmbient(), signal, random: () => -1 };
  return run({ config, ambient, once: true, json: false, subject: undefined });
}

function requireOfDisk(cause: unknown): void {
  if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
}

/** What must be so whatever happened, once the disk is well again and the agent was started. */
async function requireTruth({ path }: Lived, version: string, where: string): Promise<void> {
  const { signal } = new AbortController();
  await liveOnce(path, signal);
  if ((await versionOf(path)) !== version) {
    // It was given up for its disk: that is told, and held against no release.
    const ends = server.reports.map(({ event }) => event.kind);
    expect(
      ends.findLast((kind) => kind in GIVEN_UP),
      where,
    ).toBeDefined();
    server.fleet.assign(offered);
    await liveOnce(path, signal);
  }
  expect(await versionOf(path), where).toBe(version);
  const state = await readKept(join(path, 'state', 'state'), STATE_FORM);
  expect(state?.stage, where).toBe('idle');
  const numbers = server.reports.map(({ number }) => number);
  expect(numbers, where).toEqual(numbers.map((_, index) => index + 1));
  expect(server.reports.length, where).toBe(state?.lastReport);
  const last = server.reports.at(-1);
  expect(last?.running?.release.version, where).toBe(version);
}

const GIVEN_UP = { failed: true, rolled_back: true };

const versionOf = async (path: string): Promise<string | undefined> =>
  (await runningVersion(join(path, 'slots')))?.version;

const receipts = (version: string): number =>
  server.reports.filter(
    ({ event }) => event.kind === 'receipt' && event.release.version === version,
  ).length;

describe('an update on a disk that fails at one call', () => {
  beforeAll(() => {
    offered = offerRelease(server, '1.1.0');
  });

  test.each(DISK_FAULTS)('ends with the truth, whichever call that is (%s)', async (kind) => {
    // Each kind begins elsewhere, so that together they come by more calls than each alone.
    for (let atCall = 1 + (DISK_FAULTS.indexOf(kind) % STRIDE); ; atCall += STRIDE) {
      const lived = await liveWith({ atCall, kind });
      await requireTruth(lived, '1.1.0', `${kind} at call ${atCall} of ${lived.calls}`);
      expect(receipts('1.1.0'), `${kind} at call ${atCall}`).toBe(1);
      if (lived.calls < atCall) break;
    }
  });
});
