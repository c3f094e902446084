import { copyFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { createRoot, unpack } from '../fetch-real-firmware/root-fs.ts';
import { readPackage } from '../fetch-real-firmware/debian-package.ts';
import { runTool } from '../fetch-real-firmware/run-tool.ts';
import { makeFileSystem } from '../rig/root.ts';
import { fromRoot } from '../root.ts';

/** What the rig puts on a disk beside the root: nothing of it is part of Debian. */
export interface Provision {
  /** Two revisions of our package: one to install, one to upgrade to. */
  readonly packages: readonly [string, string];
  /** The agent's configuration, both roots and the service. */
  readonly files: ReadonlyMap<string, string>;
}

const MEBIBYTES = 900;

const NETWORK = `[Unit]
DefaultDependencies=no
Before=network.target
Wants=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/opt/busybox ip link set lo up
ExecStart=/opt/busybox ip link set eth0 up
ExecStart=/opt/busybox ip addr add 10.0.2.15/24 dev eth0
ExecStart=/opt/busybox ip route add default via 10.0.2.2
[Install]
WantedBy=sysinit.target
`;

const STORY = `[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStartPre=/bin/mount -o ro /dev/vdb /mnt
ExecStart=/bin/bash /mnt/story.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
`;

/**
 * The root file system of a Debian with systemd, in which the packages' own scripts have not run. It is
 * kept in `work`: the same packages are not unpacked again. Answers a copy for this run.
 */
export async function debianRoot(
  work: string,
  debian: readonly string[],
  busybox: string,
): Promise<string> {
  const name = sha256Hex(Buffer.from([...debian, NETWORK, STORY].join('\n'))).slice(0, 16);
  const kept = join(work, `debian-${name}.ext4`);
  const isKept = await stat(kept).then(Boolean, () => false);
  if (!isKept) {
    await buildRoot(work, `${kept}.partial`, { debian, busybox });
    await rename(`${kept}.partial`, kept);
  }
  const disk = join(work, 'run', 'root.ext4');
  await runTool('cp', ['--sparse=always', kept, disk]);
  return disk;
}

async function buildRoot(
  work: string,
  image: string,
  { debian, busybox }: { readonly debian: readonly string[]; readonly busybox: string },
): Promise<void> {
  const tree = join(work, 'run', 'tree');
  await createRoot(tree);
  for (const deb of debian) await unpack(deb, tree);
  for (const name of [
    'proc',
    'sys',
    'dev',
    'run',
    'tmp',
    'root',
    'mnt',
    'opt',
    'var/lib/dpkg/info',
  ]) {
    await mkdir(join(tree, name), { recursive: true });
  }
  await writeSystem((path) => join(tree, path), debian);
  await copyFile(busybox, join(tree, 'opt/busybox'));
  await makeFileSystem(image, { label: 'root', mebibytes: MEBIBYTES, tree });
  await rm(tree, { recursive: true });
}

/** The disk with what the story needs; answers its image. */
export async function provisionDisk(work: string, { packages, files }: Provision): Promise<string> {
  const tree = join(work, 'run', 'provision');
  await mkdir(tree);
  await copyFile(fromRoot('scripts', 'service-rig', 'story.sh'), join(tree, 'story.sh'));
  for (const [index, deb] of packages.entries()) {
    await copyFile(deb, join(tree, `${index + 1}.deb`));
  }
  for (const [name, text] of files) await writeFile(join(tree, name), text);
  const image = join(work, 'run', 'provision.ext4');
  await makeFileSystem(image, { label: 'provision', mebibytes: 200, tree });
  return image;
}

async function writeSystem(at: (path: string) => string, debian: readonly string[]): Promise<void> {
  const masters = 'usr/share/base-passwd';
  await copyFile(at(`${masters}/passwd.master`), at('etc/passwd'));
  await copyFile(at(`${masters}/group.master`), at('etc/group'));
  await writeFile(at('etc/hostname'), 'service-rig\n');
  await writeFile(at('etc/fstab'), '/dev/vda / ext4 defaults 0 0\n');
  await writeFile(at('etc/machine-id'), '00112233445566778899aabbccddeeff\n');
  await symlink('../lib/systemd/systemd', at('usr/sbin/init'));
  const units = 'etc/systemd/system';
  await writeFile(at(`${units}/rig-network.service`), NETWORK);
  await writeFile(at(`${units}/rig-story.service`), STORY);
  await mkdir(at(`${units}/sysinit.target.wants`), { recursive: true });
  await mkdir(at(`${units}/multi-user.target.wants`), { recursive: true });
  await symlink(
    '/etc/systemd/system/rig-network.service',
    at(`${units}/sysinit.target.wants/rig-network.service`),
  );
  await symlink(
    '/etc/systemd/system/rig-story.service',
    at(`${units}/multi-user.target.wants/rig-story.service`),
  );
  await symlink('/lib/systemd/system/multi-user.target', at(`${units}/default.target`));
  // A console that waits for udev, which this board has not got.
  await symlink('/dev/null', at(`${units}/serial-getty@ttyAMA0.service`));
  await writeFile(at('var/lib/dpkg/status'), await statusOf(debian));
}

/** dpkg takes them for installed, so that it looks at our dependencies as on any system. */
async function statusOf(debian: readonly string[]): Promise<string> {
  const paragraphs: string[] = [];
  for (const deb of debian) {
    const { control } = await readPackage(deb).catch((cause: unknown) => {
      throw new Error(`${basename(deb)} cannot be read`, { cause });
    });
    paragraphs.push(control.replace(/^(Package: .*)$/m, '$1\nStatus: install ok installed'));
  }
  return `${paragraphs.join('\n\n')}\n`;
}

/** What the board printed, whatever its bytes. */
export async function serialOf(file: string): Promise<string> {
  return (await readFile(file)).toString('latin1');
}
