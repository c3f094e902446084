import { readFile } from 'node:fs/promises';
import type { ArchiveFile } from './archive.ts';
import type { FixtureRelease } from './releases.ts';
import { readOrigin } from './trusted-firmware.ts';

/** The files of a release's archive. The unhealthy release has the same code: its data is wrong. */
export async function filesOf(release: FixtureRelease): Promise<readonly ArchiveFile[]> {
  const plain = (path: string, bytes: Buffer): ArchiveFile => ({ path, mode: 0o644, bytes });
  return [
    // The licence asks that its notice travels with the binaries.
    plain('firmware/copyright', await readOrigin('copyright')),
    plain('firmware/rpi3/bl31.bin', await readOrigin('rpi3/bl31.bin')),
    plain('firmware/rpi4/bl31.bin', await readOrigin('rpi4/bl31.bin')),
    plain('release.json', jsonBytes(release.facts)),
    ...(await serviceFiles(release.requiredFiles)),
  ];
}

/** The service and its list of files that must be there, as they lie in any release. */
export async function serviceFiles(
  requiredFiles: readonly string[],
): Promise<readonly ArchiveFile[]> {
  const server = await readFile(new URL('service/server.mjs', import.meta.url));
  return [
    { path: 'service/required-files.json', mode: 0o644, bytes: jsonBytes(requiredFiles) },
    { path: 'service/server.mjs', mode: 0o755, bytes: server },
  ];
}

/** JSON as people like to read it, ending in a newline: the same bytes for the same value. */
export function jsonBytes(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
