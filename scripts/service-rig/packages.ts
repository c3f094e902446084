import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openPrivateApt } from '../fetch-real-firmware/private-apt.ts';

/** A small Debian with systemd as its first process, dpkg and what our maintainer scripts call. */
const DEBIAN = [
  ...['base-files', 'base-passwd', 'bash', 'coreutils', 'dash', 'diffutils', 'dpkg', 'findutils'],
  ...[
    'grep',
    'gzip',
    'init-system-helpers',
    'libc-bin',
    'libgcc-s1',
    'libstdc++6',
    'mount',
    'perl-base',
  ],
  ...['sed', 'systemd', 'tar', 'util-linux'],
];

/** Comes with cryptsetup's and Perl's recommendations: of no use on this board, and large. */
const UNNEEDED = /^(perl|perl-modules-.*|libperl.*|usrmerge|debconf)$/;

/** Downloads the arm64 packages of the board into `work`; answers the files. */
export async function fetchDebian(work: string): Promise<readonly string[]> {
  const apt = await openPrivateApt(join(work, 'apt'), 'arm64');
  const planned = (await apt.plan(DEBIAN)).filter(({ name }) => !UNNEEDED.test(name));
  const folder = join(work, 'debs');
  await mkdir(folder, { recursive: true });
  await apt.download(planned, folder);
  return planned.map(({ fileName }) => join(folder, fileName));
}
