import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { everybodyRefuses } from '../everybody-refuses.ts';
import type { Firmware } from '../firmware.ts';
import type { Fleet } from '../fleet.ts';
import type { Happening, Told } from '../stage.ts';

/** Somebody changes one byte of a published artifact on the server's disk. */
export async function changeArtifactOnDisk(
  fleet: Fleet,
  release: Firmware,
  dataFolder: string,
): Promise<Told<readonly Happening[]>> {
  const good = await readFile(join(release.folder, 'artifact.tar'));
  const sha256 = sha256Hex(good);
  const stored = join(dataFolder, 'blobs', sha256.slice(0, 2), sha256);
  const changed = Buffer.from(await readFile(stored));
  const at = changed.indexOf('createServer');
  changed.write('cr3ateServer', at);
  await writeFile(stored, changed);
  fleet.progress(`byte ${at + 2} of blob ${sha256.slice(0, 12)}… is changed on the server's disk`);

  const refused = await everybodyRefuses(fleet, release.version, 'artifact_hash_mismatch');

  await writeFile(stored, good); // from the backup; what comes next is about something else
  return {
    says: `all ${refused.by.length} devices refused ${release.version}: ${refused.code}; nothing was installed`,
    facts: { version: release.version, refusedBy: refused.by, code: refused.code, installed: 0 },
    value: refused.happenings,
  };
}
