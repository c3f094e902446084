import { join } from 'node:path';
import { acceptFirstRoot } from '../../shared/trust/root.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { readFirstRoot } from '../config/configured-file.ts';
import { ConfigError, type Config } from '../config/load-config.ts';
import { readIfThere } from '../install/durable-file.ts';
import { statePaths } from '../paths.ts';
import { judgeClock, type ClockGround } from '../verify/device-clock.ts';
import type { RepositoryName } from '../verify/floors-file.ts';
import { problem, well, wordsOf, type Finding } from './finding.ts';

/** The root that the device came with, and how long the newest one that it knows still holds. */
export async function examineRoot(
  { roots, stateDir }: Config,
  name: RepositoryName,
  now: Date,
): Promise<Finding> {
  const title = `${name} root`;
  try {
    const first = await readFirstRoot(name, roots[name]);
    const stored = await readIfThere(join(statePaths(stateDir).metadata[name], 'root.json'));
    const { version, expires } = acceptFirstRoot(stored ?? first).content;
    const said = `v${version}, until ${new Date(expires).toISOString()}`;
    if (new Date(expires) > now) return well(title, said);
    return problem(
      title,
      `${said}: over`,
      'publish a newer root; the device takes it at its next poll',
    );
  } catch (cause) {
    if (!(cause instanceof ConfigError) && !(cause instanceof Refusal)) throw cause;
    return problem(title, wordsOf(cause), `provision the root anew: ${roots[name]}`);
  }
}

/** Against the build, and the last server time that was verified. */
export function examineClock(now: Date, ground: ClockGround): Finding {
  const standing = judgeClock(now, ground);
  const at = now.toISOString();
  if (standing === 'trusted') return well('clock', at);
  if (standing === 'configured') return well('clock', 'not gone by, as configured');
  return problem('clock', `${standing}: ${at}`, 'set it, or say "clock": "untrusted"');
}
