import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { fromRoot } from '../root.ts';
import { bundlePath } from '../build/build-program.ts';
import type { Keeper, Running } from '../processes/keeper.ts';
import { run } from '../processes/run.ts';
import type { Device } from './device.ts';

const AGENT = [process.execPath, bundlePath({ name: 'sealift-agent' })] as const;

const SPARING_CONF = fromRoot('packaging', 'examples', 'sparing.conf');

/** Starts the agent of a device; `name` names its log. */
export function startAgent(keeper: Keeper, { id, configFile }: Device, name = id): Running {
  return keeper.start(name, [...AGENT, 'run', '--config', configFile]);
}

/** The same, as a board starts it where memory counts: with the options of the package's example. */
export async function startSparingAgent(keeper: Keeper, device: Device): Promise<Running> {
  const [node, program] = AGENT;
  const conf = await readFile(SPARING_CONF, 'utf8');
  const [, flags] = /SEALIFT_NODE_FLAGS=([^"]+)"/.exec(conf) ?? [];
  if (flags === undefined) throw new Error(`${SPARING_CONF} sets no SEALIFT_NODE_FLAGS`);
  const command = ['env', 'MALLOC_ARENA_MAX=1', node, ...flags.split(' '), program] as const;
  return keeper.start(device.id, [...command, 'run', '--config', device.configFile]);
}

const Status = z.object({
  running: z.object({ version: z.string(), slot: z.string().nullable() }).nullable(),
  lastRefusal: z.object({ code: z.string(), detail: z.string() }).nullable(),
  stage: z.string(),
  securityEpoch: z.number(),
});
export type Status = Readonly<z.infer<typeof Status>>;

/** What the agent of a device says of it, read from its disk. */
export async function agentStatus({ configFile }: Device): Promise<Status> {
  const { code, stdout, stderr } = await run([
    ...AGENT,
    'status',
    '--config',
    configFile,
    '--json',
  ]);
  if (code !== 0) throw new Error(`sealift-agent status failed: ${stderr}`);
  return Status.parse(JSON.parse(stdout));
}

/** Whether the running slot and the stored metadata are still what was signed (`verify`). */
export async function agentVerifies({ configFile }: Device): Promise<boolean> {
  const { code } = await run([...AGENT, 'verify', '--config', configFile]);
  return code === 0;
}
