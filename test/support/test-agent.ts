import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../agent/config/load-config.ts';
import type { Ambient } from '../../agent/ground.ts';
import { openAgent, type OpenAgent } from '../../agent/open-agent.ts';
import { runAgent, type RunEnd } from '../../agent/run-agent.ts';
import type { DeviceServer } from './device-server.ts';

/** A device on a disk of its own: its folders survive every start of the agent. */
export interface TestDevice {
  readonly folder: string;
  readonly configPath: string;
  /** Its log lines, of every start. */
  readonly events: Record<string, unknown>[];
  /** One start with `--once`. */
  readonly runOnce: (ambient?: Partial<Ambient>) => Promise<RunEnd>;
  readonly open: (ambient?: Partial<Ambient>) => Promise<OpenAgent>;
  /** Which slot the link names, and what its `version` file says. */
  readonly running: () => Promise<{ readonly slot: string; readonly version: string } | undefined>;
  readonly configure: (changes: object) => Promise<void>;
}

/** What a test's device is configured with, unless the test says otherwise. */
export function testConfig(server: Pick<DeviceServer, 'url'>): Record<string, unknown> {
  return {
    deviceId: 'gw-1',
    product: 'gateway',
    hardwareId: 'rpi4',
    stateDir: 'state',
    slotsDir: 'slots',
    server: { http: server.url, pollSeconds: 0.05 },
    roots: { image: 'image.root.json', director: 'director.root.json' },
    enrolmentToken: 'sle_test',
    boot: { kind: 'symlink' },
    trial: {
      probes: [],
      withoutProbes: true,
      holdSeconds: 0,
      deadlineSeconds: 5,
      intervalSeconds: 0.02,
    },
    hooks: { folder: 'hooks.d' },
  };
}

/** Provisions a device in a folder of its own. */
export async function provisionDevice(server: DeviceServer): Promise<TestDevice> {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-device-'));
  const configPath = join(folder, 'agent.json');
  const events: Record<string, unknown>[] = [];
  const roots = { image: server.fleet.image, director: server.fleet.director };
  for (const [name, sim] of Object.entries(roots)) {
    await writeFile(join(folder, `${name}.root.json`), sim.roots[0] ?? '');
  }
  const configure = async (changes: object): Promise<void> => {
    await writeFile(configPath, JSON.stringify({ ...testConfig(server), ...changes }));
  };
  await configure({});
  const open = async (ambient: Partial<Ambient> = {}): Promise<OpenAgent> => {
    const write = (line: string): void => {
      events.push(JSON.parse(line) as Record<string, unknown>);
    };
    return openAgent(await loadConfig(configPath), { ...testAmbient(), write, ...ambient });
  };
  return {
    folder,
    configPath,
    events,
    configure,
    open,
    runOnce: async (ambient) => runAgent(await open(ambient), true),
    running: () => runningVersion(join(folder, 'slots')),
  };
}

/** What a device runs by its link. */
export async function runningVersion(
  slotsDir: string,
): Promise<{ readonly slot: string; readonly version: string } | undefined> {
  const slot = await readlink(join(slotsDir, 'current')).catch(() => undefined);
  if (slot === undefined) return undefined;
  return { slot, version: await readFile(join(slotsDir, 'current', 'version'), 'utf8') };
}

/** Clock, chance and the rest, as a test's device has them. */
export function testAmbient(): Ambient {
  return {
    now: () => new Date(),
    milliseconds: () => performance.now(),
    random: () => 0.5,
    nonce: () => randomBytes(16).toString('base64url'),
    write: () => undefined,
    signal: new AbortController().signal,
    builtAt: new Date('2026-01-01T00:00:00Z'),
    version: '0.0.0-test',
    bootId: 'test-boot',
  };
}
