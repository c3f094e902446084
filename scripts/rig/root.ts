import { copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createRoot, unpack } from '../fetch-real-firmware/root-fs.ts';
import { runTool } from '../fetch-real-firmware/run-tool.ts';
import { HEALTH, INIT, SAYING_SETENV, type Behaviour } from './init.ts';
import type { BoardPackages } from './packages.ts';

/** A root file system to be built. */
export interface RootPlan {
  readonly version: string;
  readonly behaviour: Behaviour;
  readonly packages: BoardPackages;
  readonly initrd: string;
  readonly agentBundle: string;
  /** Without Node, which then stands on the data partition: a quarter of the size. */
  readonly isLight: boolean;
}

/** Holds the agent and a kernel, with and without Node, and room to spare. */
const ROOT_MEBIBYTES = { full: 224, light: 64 };
const APPLETS = [
  ...['sh', 'mount', 'umount', 'mkdir', 'ls', 'cat', 'echo', 'sync', 'reboot', 'ip', 'sleep'],
  ...['sed', 'cut', 'date', 'kill', 'ps', 'touch', 'true', 'false', 'dmesg'],
];

/** Builds an ext4 image of a root file system; answers its path. */
export async function buildRoot(work: string, plan: RootPlan): Promise<string> {
  const tree = join(work, `root-${plan.version}`);
  await createRoot(tree);
  await fillRoot(tree, plan);
  const image = join(work, `root-${plan.version}.ext4`);
  await makeFileSystem(image, {
    label: 'root',
    mebibytes: ROOT_MEBIBYTES[plan.isLight ? 'light' : 'full'],
    tree,
  });
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
  if (!plan.isLight) await put(join(packages.node, 'bin/node'), join(tree, 'usr/bin/node'));
  await put(plan.agentBundle, join(tree, 'usr/lib/sealift/sealift-agent.mjs'));
  await put(
    join(packages.kernelRoot, 'boot', `vmlinuz-${packages.kernelVersion}`),
    join(tree, 'boot/Image'),
  );
  await put(plan.initrd, join(tree, 'boot/initrd'));
  await writeFile(join(tree, 'etc/sealift/version'), `${version}\n`);
  await writeFile(join(tree, 'etc/sealift/behaviour'), `${behaviour}\n`);
  await writeFile(join(tree, 'etc/sealift/health'), HEALTH, { mode: 0o755 });
  await wrapSetenv(tree);
  // Two independent copies of the environment, each with its own checksum: see boot.cmd.
  await writeFile(join(tree, 'etc/fw_env.config'), '/dev/vda1 0x0000 0x10000\n');
  await writeFile(join(tree, 'etc/fw_env2.config'), '/dev/vda1 0x10000 0x10000\n');
  await rm(join(tree, 'sbin/init'), { force: true });
  await writeFile(join(tree, 'sbin/init'), INIT, { mode: 0o755 });
}

async function wrapSetenv(tree: string): Promise<void> {
  // The tool is fw_printenv by another name: the link must keep its own.
  await rm(join(tree, 'usr/bin/fw_setenv'));
  await symlink('/usr/bin/fw_printenv', join(tree, 'usr/lib/sealift/fw_setenv'));
  await writeFile(join(tree, 'usr/bin/fw_setenv'), SAYING_SETENV, { mode: 0o755 });
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
