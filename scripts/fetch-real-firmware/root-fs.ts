import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArchiveFile } from '../../firmware-fixtures/archive.ts';
import type { DebianPackage } from './debian-package.ts';
import { runTool, runToolInto } from './run-tool.ts';

// Nobody reads manuals in sixty languages on a gateway. Licences (/usr/share/doc) stay.
const NOT_FOR_DEVICES = ['./usr/share/locale/*', './usr/share/man/*'];

/** An empty root with Debian's merged `/usr`: `/bin` and its like are links from the beginning. */
export async function createRoot(root: string): Promise<void> {
  await rm(root, { recursive: true, force: true });
  for (const name of ['bin', 'sbin', 'lib']) {
    await mkdir(join(root, 'usr', name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
}

/**
 * Unpacks one package. Not `dpkg-deb --extract`: that replaces the link `/bin` by a folder. Owners are
 * left out, so that this needs no root; the archive says root for every file anyway.
 */
export async function unpack(debFile: string, root: string): Promise<void> {
  const tarFile = `${debFile}.tar`;
  await runToolInto(tarFile, 'dpkg-deb', ['--fsys-tarfile', debFile]);
  const options = [
    '--extract',
    '--same-permissions',
    '--keep-directory-symlink',
    '--no-same-owner',
  ];
  const excluded = NOT_FOR_DEVICES.map((path) => `--exclude=${path}`);
  await runTool('tar', [...options, ...excluded, '--directory', root, '--file', tarFile]);
  await rm(tarFile);
}

/** What the packages' own installation scripts would have made, as far as a reader needs it. */
export async function addSystemFiles(
  root: string,
  packages: readonly DebianPackage[],
): Promise<void> {
  const masters = join(root, 'usr/share/base-passwd');
  await copyFile(join(masters, 'passwd.master'), join(root, 'etc/passwd'));
  await copyFile(join(masters, 'group.master'), join(root, 'etc/group'));
  // Unpacked is the truth: no script has run. Scanners read this file to know what is inside.
  const status = packages.map(({ control }) =>
    control.replace(/^(Package: .*)$/m, '$1\nStatus: install ok unpacked'),
  );
  await writeInto(root, 'var/lib/dpkg/status', `${status.join('\n\n')}\n`);
}

/** Puts files of ours into the root. */
export async function addFiles(root: string, files: readonly ArchiveFile[]): Promise<void> {
  for (const { path, bytes, mode } of files) await writeInto(root, path, bytes, mode);
}

/** `debian-12`, as the root itself says it: what `distro=` in a purl has to be. */
export async function distroOf(root: string): Promise<string> {
  const osRelease = await readFile(join(root, 'usr/lib/os-release'), 'utf8');
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}="?([^"\\n]+)"?$`, 'm').exec(osRelease)?.[1];
  const [id, versionId] = [value('ID'), value('VERSION_ID')];
  if (id === undefined) throw new Error('usr/lib/os-release does not say which distribution it is');
  // Debian testing has no VERSION_ID.
  return versionId === undefined ? id : `${id}-${versionId}`;
}

async function writeInto(
  root: string,
  path: string,
  content: string | Buffer,
  mode = 0o644,
): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content, { mode });
}
