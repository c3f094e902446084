import { execFileSync } from 'node:child_process';
import { chmod, chown, lchown, link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a root file system has and a plain archive loses. */
export async function makeRootTree(root: string): Promise<void> {
  await mkdir(join(root, 'bin'), { recursive: true });
  await mkdir(join(root, 'var', 'mail'), { recursive: true });
  await mkdir(join(root, 'tmp'));
  await program(root, 'bin/su', 0o4755);
  await program(root, 'bin/ping', 0o755);
  await program(root, 'bin/newuidmap', 0o755);
  await program(root, 'bin/write', 0o2755, [0, 5]);
  await writeFile(join(root, 'version'), '1.0.0');
  await writeFile(join(root, 'var', 'mail', 'daemon state=ö'), 'kept', { mode: 0o600 });
  await chown(join(root, 'var', 'mail', 'daemon state=ö'), 70_001, 70_002);
  await chown(join(root, 'var', 'mail'), 8, 8);
  await chmod(join(root, 'var', 'mail'), 0o2770);
  await chmod(join(root, 'tmp'), 0o1777);
  await symlink('bin/ping', join(root, 'ping'));
  await lchown(join(root, 'ping'), 33, 33);
  await link(join(root, 'bin', 'ping'), join(root, 'bin', 'ping4'));
  execFileSync('setcap', ['cap_net_raw=ep', join(root, 'bin', 'ping')]);
  execFileSync('setfattr', ['-n', 'user.label', '-v', 'mail', join(root, 'var', 'mail')]);
}

/** A capability whose bytes are no text, so that only bsdtar can carry it. */
export function giveOddCapability(root: string): void {
  execFileSync('setcap', ['cap_setuid=ep', join(root, 'bin', 'newuidmap')]);
}

async function program(
  root: string,
  path: string,
  mode: number,
  [uid, gid]: readonly [number, number] = [0, 0],
): Promise<void> {
  await writeFile(join(root, path), `#!/bin/sh\necho ${path}\n`);
  await chown(join(root, path), uid, gid);
  await chmod(join(root, path), mode);
}

/** How each packer is asked for everything. */
export const PACKERS = {
  'GNU tar': ['tar', '--format=pax', '--numeric-owner', '--xattrs', '--xattrs-include=*', '-cf'],
  'GNU tar, gzipped': ['tar', '--format=pax', '--xattrs', '--xattrs-include=*', '-czf'],
  bsdtar: ['bsdtar', '--format=pax', '--options', 'xattrheader=LIBARCHIVE', '-cf'],
} as const;

/** Packs a tree. */
export function pack(packer: keyof typeof PACKERS, root: string, archive: string): void {
  const [program, ...options] = PACKERS[packer];
  execFileSync(program, [...options, archive, '-C', root, '.']);
}
