import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createRoot, unpack } from '../fetch-real-firmware/root-fs.ts';
import { readPackage } from '../fetch-real-firmware/debian-package.ts';
import { makeFileSystem } from '../rig/root.ts';
import { fromRoot } from '../root.ts';

/** What a board with systemd is made of. */
export interface ServiceRoot {
  readonly debian: readonly string[];
  /** A static busybox, for `ip`: no network daemon is needed. */
  readonly busybox: string;
  /** Two revisions of our package: one to install, one to upgrade to. */
  readonly packages: readonly [string, string];
  /** The agent's configuration and both roots, as files for /opt/provision. */
  readonly provision: ReadonlyMap<string, string>;
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
ExecStart=/bin/bash /opt/story.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
`;

/** Builds the root file system; answers the image. The packages' own scripts have not run in it. */
export async function buildServiceRoot(work: string, plan: ServiceRoot): Promise<string> {
  const tree = join(work, 'tree');
  await createRoot(tree);
  for (const deb of plan.debian) await unpack(deb, tree);
  for (const name of [
    'proc',
    'sys',
    'dev',
    'run',
    'tmp',
    'root',
    'opt/provision',
    'var/lib/dpkg/info',
  ]) {
    await mkdir(join(tree, name), { recursive: true });
  }
  const at = (path: string): string => join(tree, path);
  await writeSystem(at, plan.debian);
  await copyFile(plan.busybox, at('opt/busybox'));
  await copyFile(fromRoot('scripts', 'service-rig', 'story.sh'), at('opt/story.sh'));
  for (const [index, deb] of plan.packages.entries())
    await copyFile(deb, at(`opt/${index + 1}.deb`));
  for (const [name, text] of plan.provision) await writeFile(at(`opt/provision/${name}`), text);
  const image = join(work, 'root.ext4');
  await makeFileSystem(image, { label: 'root', mebibytes: MEBIBYTES, tree });
  await rm(tree, { recursive: true });
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
