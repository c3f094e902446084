import { access } from 'node:fs/promises';
import { runTool } from '../fetch-real-firmware/run-tool.ts';

/** Programs of Debian that the rig is built with, and the package of each. */
const TOOLS = {
  'qemu-system-aarch64': 'qemu-system-arm',
  mkimage: 'u-boot-tools',
  mkenvimage: 'u-boot-tools',
  mcopy: 'mtools',
  'mkfs.vfat': 'dosfstools',
  'mkfs.ext4': 'e2fsprogs',
  sfdisk: 'fdisk',
  depmod: 'kmod',
  modprobe: 'kmod',
  cpio: 'cpio',
} as const;

const U_BOOT = '/usr/lib/u-boot/qemu_arm64/u-boot.bin';

/** Fails with the packages to install when something is missing. */
export async function requireTools(): Promise<void> {
  const missing = new Set<string>();
  for (const [tool, debian] of Object.entries(TOOLS)) {
    await runTool('bash', ['-c', 'command -v "$0"', tool]).catch(() => missing.add(debian));
  }
  await access(U_BOOT).catch(() => missing.add('u-boot-qemu'));
  if (missing.size === 0) return;
  throw new Error(`the rig needs: apt-get install ${[...missing].sort().join(' ')}`);
}
