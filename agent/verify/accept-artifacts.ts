import type { Artifact, Manifest } from '../../shared/release/manifest.ts';
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
    await installer.accept(artifact);
    planned.push(plan(artifact));
  }
  return planned;
}

function plan(artifact: Artifact): PlannedArtifact {
  const { component, installer, fileName, mediaType, sha256, length, installed, module } = artifact;
  const signed = installed && { sha256: installed.sha256, length: installed.length ?? null };
  const planned = { component, installer, fileName, mediaType, sha256, length };
  return { ...planned, installed: signed ?? null, ...(module && { module }) };
}
