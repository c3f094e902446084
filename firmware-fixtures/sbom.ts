import type { ArchiveFile } from './archive.ts';
import { cycloneDx, hashesOf, type SbomComponent } from './cyclonedx.ts';
import type { FixtureRelease } from './releases.ts';
import { TRUSTED_FIRMWARE } from './trusted-firmware.ts';

/** The SBOM of a fixture: every file of the archive is a component, with its hashes and licence. */
export function sbomOf(
  release: FixtureRelease,
  files: readonly ArchiveFile[],
  artifact: Uint8Array,
): object {
  const { product, version } = release.facts;
  return cycloneDx(
    { product, version, artifact: hashesOf(artifact), timestamp: release.builtAt },
    files.map((file) => componentOf(file, product, version)),
  );
}

function componentOf(file: ArchiveFile, product: string, version: string): SbomComponent {
  const { path } = file;
  const located = { ref: `file:${path}`, location: path, hashes: hashesOf(file.bytes) };
  if (path.startsWith('firmware/')) return { ...located, ...trustedFirmware(path) };
  return { ...located, ...ours(path, product, version) };
}

type Identity = Omit<SbomComponent, 'ref' | 'location' | 'hashes'>;

function trustedFirmware(path: string): Identity {
  const { name, version, purl } = TRUSTED_FIRMWARE;
  const type = path.endsWith('.bin') ? 'firmware' : 'file';
  return { type, name, version, purl, supplier: 'Debian', licences: [{ id: 'BSD-3-Clause' }] };
}

function ours(path: string, product: string, version: string): Identity {
  const isService = path === 'service/server.mjs';
  const owner = path.startsWith('service/') ? `${product}-service` : product;
  const purl = `pkg:generic/${owner}@${version}`;
  return {
    type: isService ? 'application' : 'file',
    name: isService ? owner : path,
    version,
    purl: isService ? purl : `${purl}#${path}`,
    supplier: 'Sealift',
    licences: [{ id: 'Apache-2.0' }],
  };
}
