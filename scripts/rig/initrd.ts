import { copyFile, cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runTool } from '../fetch-real-firmware/run-tool.ts';
import { WATCHDOG_SECONDS } from './init.ts';
import type { BoardPackages } from './packages.ts';

/** What the kernel needs before it can read the disk, each after those it needs; the watchdog first. */
const MODULES = [
  'i6300esb',
  'virtio',
  'virtio_ring',
  'virtio_pci_modern_dev',
  'virtio_pci_legacy_dev',
  'virtio_pci',
  'virtio_blk',
  'failover',
  'net_failover',
  'virtio_net',
  'crc32c_generic',
  'ext4',
] as const;

const APPLETS = ['sh', 'mount', 'umount', 'insmod', 'switch_root', 'sleep', 'cat', 'reboot'];

/**
 * Arms the watchdog, loads the drivers and hands over to `/sbin/init` of the slot that U-Boot chose.
 * From the first opening on the watchdog counts: it is left without a word of parting, and nothing
 * after that can stop it. What hangs before this point is not seen by it.
 */
const INIT = `#!/bin/sh
export PATH=/bin
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev
for m in /mods/*; do
  case $m in
  *i6300esb*) insmod $m heartbeat=${WATCHDOG_SECONDS} nowayout=1 && echo fed > /dev/watchdog || echo "##NOWATCHDOG";;
  *) insmod $m || echo "##NOMODULE $m";;
  esac
done
for w in $(cat /proc/cmdline); do case $w in root=*) ROOT=\${w#root=};; esac; done
i=0; while [ ! -b "$ROOT" ] && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done
mount -t ext4 -o ro "$ROOT" /newroot || { echo "##NOROOT $ROOT"; sleep 1; reboot -f; }
mount --move /dev /newroot/dev; umount /proc /sys
exec switch_root /newroot /sbin/init
`;

/** Builds the initial RAM disk; answers its path. */
export async function buildInitrd(work: string, packages: BoardPackages): Promise<string> {
  const tree = join(work, 'initrd');
  await rm(tree, { recursive: true, force: true });
  for (const name of ['bin', 'proc', 'sys', 'dev', 'newroot', 'mods']) {
    await mkdir(join(tree, name), { recursive: true });
  }
  await copyFile(await busyboxOf(work, packages), join(tree, 'bin/busybox'));
  for (const applet of APPLETS) await symlink('busybox', join(tree, 'bin', applet));
  for (const [index, module] of (await moduleFiles(packages)).entries()) {
    await cp(module, join(tree, 'mods', `${10 + index}-${basename(module)}`));
  }
  await writeFile(join(tree, 'init'), INIT, { mode: 0o755 });
  const file = join(work, 'initrd.gz');
  const pack = 'cd "$0" && find . | cpio -o -H newc --quiet | gzip -9 > "$1"';
  await runTool('bash', ['-o', 'pipefail', '-c', pack, tree, file]);
  return file;
}

/** The one static program that is a shell and everything else. */
export async function busyboxOf(work: string, { debs }: BoardPackages): Promise<string> {
  const folder = join(work, 'busybox');
  await mkdir(folder, { recursive: true });
  await runTool('dpkg-deb', ['--extract', debs.get('busybox-static') ?? '', folder]);
  return join(folder, 'bin/busybox');
}

/** Each module after those it depends on. */
async function moduleFiles({ kernelRoot, kernelVersion }: BoardPackages): Promise<string[]> {
  await runTool('depmod', ['-b', kernelRoot, kernelVersion]);
  const files: string[] = [];
  for (const module of MODULES) {
    const options = ['-d', kernelRoot, '-S', kernelVersion, '--show-depends', module];
    const printed = await runTool('modprobe', options);
    for (const [, file] of printed.matchAll(/^insmod (\S+)/gm)) {
      if (file !== undefined && !files.includes(file)) files.push(file);
    }
  }
  return files;
}
