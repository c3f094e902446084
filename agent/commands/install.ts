import { mkdir } from 'node:fs/promises';
import { Refusal } from '../../shared/trust/refusal.ts';
import { installBundle } from '../install-bundle.ts';
import { openBundleLink } from '../link/bundle-link.ts';
import { takeLock } from '../lock.ts';
import { jsonLog, type Log } from '../log.ts';
import { openAgent } from '../open-agent.ts';
import { statePaths } from '../paths.ts';
import type { RunEnd } from '../run-agent.ts';
import type { Invocation } from './command.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { progressLines } from './progress-lines.ts';

/**
 * `install`: what somebody carried here, without any server. It never works beside an agent that runs:
 * both would write the same slot, so it says who holds the device and ends.
 */
export async function install(invocation: Invocation): Promise<number> {
  const { config, json } = invocation;
  const ambient = {
    ...invocation.ambient,
    ...(!json && { write: progressLines(invocation.ambient.write) }),
  };
  await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
  const release = await takeLock(statePaths(config.stateDir).lock);
  const log = jsonLog(ambient.write, ambient.now, config.deviceId);
  try {
    const end = await installFrom({ ...invocation, ambient }, log);
    log('install_ended', { end });
    return EXIT_CODES[end];
  } finally {
    await release();
  }
}

/** A bundle that is none is refused before the machine is asked: nobody knows who said what in it. */
async function installFrom({ config, ambient, subject }: Invocation, log: Log): Promise<RunEnd> {
  if (subject === undefined) throw new Error('bug: install without a bundle');
  try {
    const bundle = await openBundleLink(subject);
    return await installBundle(await openAgent(config, ambient, bundle.server), bundle);
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    log('bundle_refused', { code: cause.code, detail: cause.message });
    return 'refused';
  }
}
