import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StatePaths } from './paths.ts';
import type { AgentState } from './state/agent-state.ts';
import { namesIn } from './names-in.ts';

/**
 * After an update has ended: its artifact is of no use any more, and of the manifests only those of
 * the two slots are. Cut short, the next update's end does the rest.
 */
export async function tidy(
  { downloads, manifests }: Pick<StatePaths, 'downloads' | 'manifests'>,
  { slots }: AgentState,
): Promise<void> {
  await rm(downloads, { recursive: true, force: true });
  const kept = [slots.a, slots.b].map((slot) => `${slot?.release.manifestSha256 ?? ''}.json`);
  for (const name of await namesIn(manifests)) {
    if (!kept.includes(name)) await rm(join(manifests, name), { force: true });
  }
}
