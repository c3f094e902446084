import { mkdir } from 'node:fs/promises';
import { takeLock } from '../lock.ts';
import { openAgent } from '../open-agent.ts';
import { statePaths } from '../paths.ts';
import { runAgent } from '../run-agent.ts';
import type { Invocation } from './command.ts';
import { EXIT_CODES } from './exit-codes.ts';

/** `run`: the agent itself. One instance a state folder. */
export async function run({ config, ambient, once }: Invocation): Promise<number> {
  await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
  const release = await takeLock(statePaths(config.stateDir).lock);
  try {
    const agent = await openAgent(config, ambient);
    const end = await runAgent(agent, once);
    agent.log('agent_stopped', { end });
    return EXIT_CODES[end];
  } finally {
    await release();
  }
}
