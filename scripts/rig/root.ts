import { copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createRoot, unpack } from '../fetch-real-firmware/root-fs.ts';
import { runTool } from '../fetch-real-firmware/run-tool.ts';
import type { BoardPackages } from './packages.ts';

/** What a root file system does when it boots: a good one, and two that must never stay. */
export type Behaviour = 'works' | 'panics' | 'unhealthy';

/** A root file system to be built. */
export interface RootPlan {
  readonly version: string;
  readonly behaviour: Behaviour;
  readonly packages: BoardPackages;
  readonly initrd: string;
  readonly agentBundle: string;
}

/** Holds Node, the agent and a kernel, with room to spare. */
const ROOT_MEBIBYTES = 224;
const APPLETS = [
  ...['sh', 'mount', 'umount', 'mkdir', 'ls', 'cat', 'echo', 'sync', 'reboot', 'ip', 'sleep'],
  ...['sed', 'cut', 'date', 'kill', 'ps', 'touch', 'true', 'false'],
];

/** The first process: mounts the data partition, brings up the network, runs the agent for ever. */
const INIT = `#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs tmp /run; mount -t tmpfs tmp /tmp
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /run/lock
SLOT=$(sed -n 's/.*slot=\\([AB]\\).*/\\1/p' /proc/cmdline)
VERSION=$(cat /etc/sealift/version)
echo "##INIT slot=$SLOT version=$VERSION"
if [ -e /etc/sealift/panics ]; then echo "##PANIC slot=$SLOT"; sleep 1; echo c > /proc/sysrq-trigger; fi
mount -t ext4 /dev/vda5 /data || { echo "##NODATA"; sleep 1; reboot -f; }
ip link set lo up; ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2
echo "##READY slot=$SLOT version=$VERSION"
while :; do
  node /usr/lib/sealift/sealift-agent.mjs run --config /data/agent.json
  echo "##AGENT ended with $?"
  sleep 1
done
`;

/** Builds an ext4 image of a root file system; answers its path. */
export async function buildRoot(work: string, plan: RootPlan): Promise<string> {
  const tree = join(work, `root-${plan.version}`);
  await createRoot(tree);
  await fillRoot(tree, plan);
  const image = join(work, `root-${plan.version}.ext4`);
  await makeFileSystem(image, { label: 'root', mebibytes: ROOT_MEBIBYTES, tree });
  await rm(tree, { recursive: true });
  return image;
}

async function fillRoot(tree: string, plan: RootPlan): Promise<void> {
  const { packages, version, behaviour } = plan;
  for (const [name, deb] of packages.debs) {
    if (!name.startsWith('linux-image-')) await unpack(deb, tree);
  }
  await rm(join(tree, 'usr/share'), { recursive: true, force: true });
  for (const name of ['proc', 'sys', 'dev', 'tmp', 'run', 'data', 'boot', 'etc/sealift', 'var']) {
    await mkdir(join(tree, name), { recursive: true });
  }
  await symlink('/run', join(tree, 'var/run'));
  await symlink('/run/lock', join(tree, 'var/lock'));
  for (const applet of APPLETS) {
    await symlink('/bin/busybox', join(tree, 'bin', applet)).catch(isThere);
  }
  await put(join(packages.node, 'bin/node'), join(tree, 'usr/bin/node'));
  await put(plan.agentBundle, join(tree, 'usr/lib/sealift/sealift-agent.mjs'));
  await put(
    join(packages.kernelRoot, 'boot', `vmlinuz-${packages.kernelVersion}`),
    join(tree, 'boot/Image'),
  );
  await put(plan.initrd, join(tree, 'boot/initrd'));
  await writeFile(join(tree, 'etc/sealift/version'), `${version}\n`);
  if (behaviour !== 'works') await writeFile(join(tree, 'etc/sealift', behaviour), '');
  // Two independent copies of the environment, each with its own checksum: see boot.cmd.
  await writeFile(join(tree, 'etc/fw_env.config'), '/dev/vda1 0x0000 0x10000\n');
  await writeFile(join(tree, 'etc/fw_env2.config'), '/dev/vda1 0x10000 0x10000\n');
  await rm(join(tree, 'sbin/init'), { force: true });
  await writeFile(join(tree, 'sbin/init'), INIT, { mode: 0o755 });
}

/** What makes a file system. */
export interface FileSystemPlan {
  readonly label: string;
  readonly mebibytes: number;
  readonly tree: string;
}

/** An ext4 image of a folder's content. U-Boot's ext4 cannot read checksums of metadata. */
export async function makeFileSystem(
  image: string,
  { label, mebibytes, tree }: FileSystemPlan,
): Promise<void> {
  await rm(image, { force: true });
  await runTool('truncate', ['-s', `${mebibytes}M`, image]);
  const features = ['-O', '^metadata_csum,^orphan_file'];
  const options = ['-q', '-F', '-L', label, '-d', tree, '-E', 'root_owner=0:0'];
  await runTool('mkfs.ext4', [...options, ...features, image]).catch(() =>
    // Older tools do not know the second feature, and do not set it either.
    runTool('mkfs.ext4', [...options, '-O', '^metadata_csum', image]),
  );
}

async function put(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

function isThere(cause: unknown): void {
  if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return;
  throw cause;
}
