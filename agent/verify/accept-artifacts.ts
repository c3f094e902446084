import type { Artifact, Manifest } from '../../shared/release/manifest.ts';
import { Restore, unrestorable } from '../../shared/release/restore.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import type { FindInstaller } from '../install/installer.ts';
import type { PlannedArtifact } from '../state/agent-state.ts';

/**
 * The artifacts of a release as they will be installed, in the order of the manifest. What this
 * device cannot install holds the whole release back: one component left out is another release.
 */
export async function acceptArtifacts(
  { artifacts, version }: Manifest,
  findInstaller: FindInstaller,
): Promise<PlannedArtifact[]> {
  const planned: PlannedArtifact[] = [];
  for (const artifact of artifacts) {
    const installer = findInstaller(artifact.installer);
    if (installer === undefined) {
      const needs = `${artifact.component} of ${version} needs ${artifact.installer}`;
      throw new Refusal('installer_unsupported', needs);
    }
    const restore = knownRestore(artifact);
    await installer.accept(artifact);
    planned.push(plan(artifact, restore));
  }
  return planned;
}

/** Fails closed: a word of a later agent, or one that only archives know, is more than we would do. */
function knownRestore({ component, installer, restore }: Artifact): PlannedArtifact['restore'] {
  if (restore === undefined) return undefined;
  const known = Restore.safeParse(restore);
  if (known.success && installer === 'archive') return known.data;
  throw unrestorable(`${component} as ${installer} asks for ${restore.join(', ')}`);
}

function plan(artifact: Artifact, restore: PlannedArtifact['restore']): PlannedArtifact {
  const { component, installer, fileName, mediaType, sha256, length, installed, module } = artifact;
  const signed = installed && { sha256: installed.sha256, length: installed.length ?? null };
  const planned = { component, installer, fileName, mediaType, sha256, length };
  return {
    ...planned,
    installed: signed ?? null,
    ...(module && { module }),
    ...(restore && { restore }),
  };
}
