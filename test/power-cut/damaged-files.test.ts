// Any one file of a device is spoiled, in every way that disks have, while it rests, while it
// downloads and while it tries a release. The next start ends well, and every report arrives.
import { cpSync, existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadConfig } from '../../agent/config/load-config.ts';
import { openAgent } from '../../agent/open-agent.ts';
import { runAgent, type RunEnd } from '../../agent/run-agent.ts';
import { waitingReports } from '../../agent/report/outbox.ts';
import type { Report } from '../../shared/protocol/report.ts';
import { startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import { DAMAGES } from '../support/damage.ts';
import { provisionDevice, runningVersion, testAmbient } from '../support/test-agent.ts';
import { offerRelease } from '../support/test-archive.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const MOMENTS = ['at rest', 'downloading', 'trial'] as const;
type Moment = (typeof MOMENTS)[number];

let server: DeviceServer;
let folder: string;
let told: number;

beforeAll(async () => {
  server = await startDeviceServer();
  const device = await provisionDevice(server);
  folder = await mkdtemp(join(memory, 'sealift-damage-'));
  offerRelease(server, '1.0.0');
  expect(await device.runOnce()).toBe('committed');
  told = server.reports.length;
  const keep = (moment: Moment): void => {
    cpSync(device.folder, join(folder, moment), { recursive: true, verbatimSymlinks: true });
  };
  let asked = 0;
  server.intercept = ({ url = '' }, response) => {
    if (url === '/device/v1/reports')
      response.writeHead(503).end(); // so that some are waiting
    else if (url.startsWith('/blobs') && (asked += 1) === 1) {
      const bytes = [...server.blobs.values()].at(-1) ?? Buffer.of();
      const etag = `"${url.split('/').at(-1) ?? ''}"`;
      response.writeHead(200, { etag, 'content-length': bytes.length });
      response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
    } else {
      if (asked === 2) keep('downloading'); // half of it is there
      return false;
    }
    return true;
  };
  await lifeOf(device.folder);
  keep('at rest');
  offerRelease(server, '1.1.0');
  const write = (line: string): void => {
    if (line.includes('"stage":"trial"')) keep('trial');
  };
  await lifeOf(device.folder, { write });
  server.intercept = () => false;
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function lifeOf(path: string, changes: object = {}): Promise<RunEnd> {
  const config = await loadConfig(join(path, 'agent.json'));
  // Chance as it never is, so that nobody waits between two tries.
  const ambient = { ...testAmbient(), random: () => -1, ...changes };
  return runAgent(await openAgent(config, ambient), true);
}

async function isWaiting(path: string): Promise<boolean> {
  return (await waitingReports(join(path, 'state', 'outbox'))).length > 0;
}

const isProofOf =
  (version: string) =>
  ({ event }: Report): boolean =>
    event.kind === 'receipt' && event.release.version === version;

/** Everything that the agent keeps for itself. */
async function filesOf(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)))
    .filter((name) => name.startsWith('state/') || /^slots\/[^/]+\.json$/.test(name))
    .filter((name) => !/outbox\/1[0-9]\.json$/.test(name)) // one report is like another
    .sort();
}

test.each(MOMENTS)('a device %s lives with the damage of any one file', async (moment) => {
  const names = await filesOf(join(folder, moment));
  let cases = 0;
  for (const [index, name] of names.entries()) {
    for (const [at, [how, spoil]] of DAMAGES.entries()) {
      // Each damage of each file at one moment of the three: all of them at all would take minutes.
      if ((index + at + MOMENTS.indexOf(moment)) % MOMENTS.length !== 0) continue;
      cases += 1;
      const path = join(folder, 'device');
      await rm(path, { recursive: true, force: true });
      await cp(join(folder, moment), path, { recursive: true, verbatimSymlinks: true });
      server.reports.length = told;
      const where = `${moment}: ${name} ${how}`;
      await spoil(join(path, name));

      await lifeOf(path);
      if (await isWaiting(path)) await lifeOf(path);

      expect((await runningVersion(join(path, 'slots')))?.version, where).toBe('1.1.0');
      const numbers = server.reports.map(({ number }) => number);
      expect(numbers, where).toEqual(numbers.map((_, at_) => at_ + 1));
      expect(server.reports.at(-1)?.running?.release.version, where).toBe('1.1.0');
      const proofs = server.reports.filter(isProofOf('1.1.0'));
      expect(proofs.length, where).toBeGreaterThan(0);
      expect(await isWaiting(path), where).toBe(false);
    }
  }
  expect(cases).toBeGreaterThan(50);
});
