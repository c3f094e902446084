import { readFile } from 'node:fs/promises';
import { buildManifest } from '../../operator/author/build-manifest.ts';
import { readReleaseFiles } from '../../operator/author/release-files.ts';
import type { Restore } from '../../shared/release/restore.ts';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { DeviceServer } from './device-server.ts';

/** Publishes an archive as its author signs it, and assigns it. Answers the digest that was signed. */
export async function offerRoot(
  server: DeviceServer,
  version: string,
  path: string,
  restore: Restore,
): Promise<string> {
  const files = await readReleaseFiles(
    {
      artifacts: [{ component: 'firmware', path, installer: 'archive', restore }],
      sbom: undefined,
      attestations: [],
    },
    () => () => undefined,
  );
  const { artifacts } = buildManifest(
    {
      ...{ product: 'gateway', version, hardwareIds: ['rpi4'], securityEpoch: 0 },
      ...{ class: 'functional', notes: undefined, advisories: [], supportUntil: undefined },
    },
    files,
  );
  const bytes = await readFile(path);
  server.blobs.set(sha256Hex(bytes), bytes);
  server.fleet.assign(server.fleet.release(version, { artifacts }));
  return artifacts[0]?.installed?.sha256 ?? '';
}
