import { randomFillSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tarOf, type ArchiveFile } from '../../../firmware-fixtures/archive.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { treeDigest } from '../../../shared/release/tree-digest.ts';
import { publishArchive } from '../publish.ts';
import type { Setting } from '../setting.ts';

/** Whether a release passes its trial. */
export type Health = 'healthy' | 'sick';

/** A release that is published, and what its slot must look like when it stands there whole. */
export interface CutRelease {
  readonly version: string;
  readonly health: Health;
  readonly treeSha256: string;
}

/** What the trial's probe reads in the running slot. */
export const HEALTH_FILE = 'health';

// Small, so that 500 cuts take minutes; enough files that a cut can fall between two of them.
const FILES = 12;
const FILE_BYTES = 64 * 1_024;
const MODE = 0o644;

/** Packs and publishes one more release: noise, and a word on how it feels. */
export async function publishRelease(
  setting: Setting,
  version: string,
  health: Health,
): Promise<CutRelease> {
  const files = filesOf(version, health);
  const artifact = join(setting.folder, `${version}.tar`);
  const sbom = join(setting.folder, 'power-cut.cdx.json');
  await writeFile(artifact, tarOf(files));
  const document = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [] };
  await writeFile(sbom, JSON.stringify(document));
  await publishArchive(setting, { artifact, sbom, bytes: 0 }, version);
  const entries = files.map(({ path, mode, bytes }) => {
    return { kind: 'file' as const, path, mode, sha256: sha256Hex(bytes) };
  });
  return { version, health, treeSha256: treeDigest(entries) };
}

function filesOf(version: string, health: Health): readonly ArchiveFile[] {
  const noise = Array.from({ length: FILES }, (_, index) => {
    return { path: `noise-${index}`, mode: MODE, bytes: randomFillSync(Buffer.alloc(FILE_BYTES)) };
  });
  return [
    ...noise,
    { path: HEALTH_FILE, mode: MODE, bytes: Buffer.from(`${health}\n`) },
    { path: 'version', mode: MODE, bytes: Buffer.from(`${version}\n`) },
  ];
}
