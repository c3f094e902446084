import { copyFile, lstat, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { treeDigest, type TreeEntry } from '../../../shared/release/tree-digest.ts';
import { bundlePath } from '../../build/build-program.ts';
import { provision } from '../../fleet/device.ts';
import { run } from '../../processes/run.ts';
import { BENCH, type Setting } from '../setting.ts';
import { HEALTH_FILE, type Health } from './release.ts';

const Acknowledged = z.object({ value: z.number() });

const Status = z.object({
  running: z.object({ version: z.string(), slot: z.string().nullable() }).nullable(),
  stage: z.enum([
    'idle',
    'verifying',
    'downloading',
    'installing',
    'activating',
    'trial',
    'committing',
    'rolling_back',
  ]),
  lastReport: z.number(),
  failedReleases: z.array(z.string()),
  lastRefusal: z.object({ code: z.string() }).nullable(),
});

/** What `sealift-agent status` says. */
export type VictimStatus = Readonly<z.infer<typeof Status>>;

/** What lies on the disk of a device whose agent does not run. */
export interface Seen {
  /** Exit code and words when it failed. */
  readonly status: VictimStatus | string;
  /** Which slot the link names. */
  readonly link: string;
  /** Digest of what stands in the slot that the link names. */
  readonly treeSha256: string;
  /** Up to this report the server has said that it has them. */
  readonly acknowledged: number;
  /** The reports that wait, ascending. */
  readonly waiting: readonly number[];
}

/** A device that has its power cut. */
export interface Victim {
  readonly id: string;
  readonly stateDir: string;
  /** The agent's command line. */
  readonly agent: (...args: readonly string[]) => readonly [string, ...string[]];
  /** A sick release fails at once; a healthy one has all the time that a busy machine needs. */
  readonly expect: (health: Health) => Promise<void>;
  readonly look: () => Promise<Seen>;
  /** Digest of what stands in the running slot; asks no agent. */
  readonly treeSha256: () => Promise<string>;
}

/** What runs an agent: Node on this machine, or an emulator of another with its Node. */
export interface Machine {
  readonly id: string;
  readonly node: readonly [string, ...string[]];
}

const THIS_MACHINE: Machine = { id: 'power-cut', node: [process.execPath] };

/** Provisions it. It runs its own copy of the bundle: a build meanwhile must not change it. */
export async function provisionVictim(
  setting: Setting,
  { id, node }: Machine = THIS_MACHINE,
): Promise<Victim> {
  const { folder, server, roots, enrolmentToken } = setting;
  const device = await provision({
    id,
    folder: join(folder, id),
    servicePort: 0,
    ...BENCH,
    roots,
    server: { http: server.http, mqtt: server.mqtt, pollSeconds: 1 },
    enrolmentToken,
    trial: 'none',
  });
  const bundle = join(folder, `${id}.mjs`);
  await copyFile(bundlePath({ name: 'sealift-agent' }), bundle);
  const config = JSON.parse(await readFile(device.configFile, 'utf8')) as object;
  const agent: Victim['agent'] = (command = 'run', ...args) => {
    return [...node, bundle, command, '--config', device.configFile, ...args];
  };
  return {
    id: device.id,
    stateDir: join(device.folder, 'state'),
    agent,
    expect: (health) => writeFile(device.configFile, JSON.stringify({ ...config, ...how(health) })),
    look: () => look(device.folder, agent),
    treeSha256: async () => (await runningTree(device.folder)).treeSha256,
  };
}

function how(health: Health): object {
  const command = ['grep', '-qx', 'healthy', join('current', HEALTH_FILE)];
  return {
    // Stands for restarting a service: without it, activating would be over in no time.
    boot: { kind: 'symlink', restart: ['sleep', '0.03'] },
    trial: {
      probes: [{ kind: 'command', command, timeoutSeconds: 60 }],
      holdSeconds: 0.05,
      deadlineSeconds: health === 'healthy' ? 120 : 0.15,
      intervalSeconds: 0.02,
    },
  };
}

async function look(folder: string, agent: Victim['agent']): Promise<Seen> {
  const { code, stdout, stderr } = await run(agent('status', '--json'));
  const outbox = join(folder, 'state', 'outbox');
  const names = await readdir(outbox);
  return {
    status: code === 0 ? Status.parse(JSON.parse(stdout)) : `ended with ${code}: ${stderr}`,
    ...(await runningTree(folder)),
    acknowledged: names.includes('acknowledged.json')
      ? Acknowledged.parse(JSON.parse(await readFile(join(outbox, 'acknowledged.json'), 'utf8')))
          .value
      : 0,
    waiting: names
      .flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((left, right) => left - right),
  };
}

async function runningTree(folder: string): Promise<Pick<Seen, 'link' | 'treeSha256'>> {
  const link = await readlink(join(folder, 'slots', 'current'));
  return { link, treeSha256: treeDigest(await entriesOf(join(folder, 'slots', link))) };
}

/** Read here and not by the agent's own code, which must not be its own judge. */
async function entriesOf(slot: string): Promise<readonly TreeEntry[]> {
  const names = await readdir(slot);
  return Promise.all(
    names.map(async (path) => {
      const stats = await lstat(join(slot, path));
      const mode = stats.mode & 0o777;
      if (!stats.isFile()) return { kind: 'folder', path, mode };
      return { kind: 'file', path, mode, sha256: sha256Hex(await readFile(join(slot, path))) };
    }),
  );
}
