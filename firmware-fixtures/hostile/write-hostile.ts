import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { harmlessArchive, hostileArchives, type HostileArchive } from './hostile.ts';

/** The file name of an archive: its name, and the ending of its kind. */
export function fileNameOf(archive: HostileArchive): string {
  return `${archive.name}${archive.mediaType === 'application/gzip' ? '.tar.gz' : '.tar'}`;
}

/** Writes the archives and `attempts.json`, which says of each what it tries. */
export async function writeHostile(
  out: string,
  archives: readonly HostileArchive[],
): Promise<void> {
  await mkdir(out, { recursive: true });
  for (const archive of archives) {
    await writeFile(join(out, fileNameOf(archive)), await archive.build());
  }
  const attempts = archives.map((archive) => [fileNameOf(archive), archive.attempts]);
  const list = JSON.stringify(Object.fromEntries(attempts), null, 2);
  await writeFile(join(out, 'attempts.json'), `${list}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: fileURLToPath(new URL('../built/hostile', import.meta.url)) },
      outside: { type: 'string', default: '/sealift-hostile-outside' },
    },
  });
  const archives = [harmlessArchive(), ...hostileArchives({ outside: values.outside })];
  await writeHostile(values.out, archives);
  process.stdout.write(`${archives.length} archives in ${values.out}\n`);
}
