import * as z from 'zod';
import { bundlePath } from '../build/build-program.ts';
import type { Keeper, Running } from '../processes/keeper.ts';
import { run } from '../processes/run.ts';
import type { Device } from './device.ts';

const AGENT = [process.execPath, bundlePath({ name: 'sealift-agent' })] as const;

/**
 * What a board starts it with where memory counts (packaging/examples/sparing.conf): a young
 * generation of 1 MB; no compiling at run time, which nothing here is hot enough to earn back, and
 * which costs pages of its own; Node's own modules read when they are used, not all from a snapshot.
 */
const SPARING = [
  ...['--jitless', '--max-semi-space-size=1', '--optimize-for-size', '--no-node-snapshot'],
] as const;

/** Starts the agent of a device; `name` names its log. */
export function startAgent(keeper: Keeper, { id, configFile }: Device, name = id): Running {
  return keeper.start(name, [...AGENT, 'run', '--config', configFile]);
}

/** The same, as a small board starts it. */
export function startSparingAgent(keeper: Keeper, { id, configFile }: Device): Running {
  const [node, program] = AGENT;
  const command = ['env', 'MALLOC_ARENA_MAX=1', node, ...SPARING, program] as const;
  return keeper.start(id, [...command, 'run', '--config', configFile]);
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
