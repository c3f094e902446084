import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../fetch-real-firmware/run-tool.ts';
import { fromRoot } from '../root.ts';
import { makeFileSystem } from './root.ts';

/** What is on the disk of a board that leaves the factory. */
export interface DiskPlan {
  /** Root file system of both slots. */
  readonly root: string;
  /** Files of the data partition: the agent's configuration and both roots of trust. */
  readonly data: string;
}

/** The two files that QEMU is given. */
export interface Disk {
  readonly disk: string;
  /** U-Boot's own environment, which only says where to find its script. */
  readonly flash: string;
}

/** First sector and length of each partition, in sectors of 512 bytes. */
const PARTITIONS = [
  { name: 'env', start: 2_048, size: 2_048 },
  { name: 'boot', start: 8_192, size: 32_768 },
  { name: 'rootA', start: 65_536, size: 458_752 },
  { name: 'rootB', start: 589_824, size: 458_752 },
  { name: 'data', start: 1_114_112, size: 1_638_400 },
] as const;
const SECTOR_BYTES = 512;
const DISK_MEBIBYTES = 1_400;
const DATA_MEBIBYTES = 800;
/** Each copy of the environment. */
const ENVIRONMENT_BYTES = 0x10000;

/** What a board begins with: slot A first, three tries each. */
const ENVIRONMENT = 'BOOT_ORDER=A B\nBOOT_A_LEFT=3\nBOOT_B_LEFT=3\n';

/** Where U-Boot finds its script; everything else stands in the script. */
const FLASH = `bootdelay=0
kernel_addr_r=0x40400000
ramdisk_addr_r=0x44000000
scriptaddr=0x40200000
stdin=pl011@9000000
stdout=pl011@9000000
stderr=pl011@9000000
fdt_high=0xffffffff
initrd_high=0xffffffff
bootcmd=virtio scan; load virtio 0:2 \${scriptaddr} boot.scr && source \${scriptaddr}
`;

/** Where on the disk a slot begins, in bytes. */
export function slotOnDisk(slot: 'A' | 'B'): number {
  return starts()[`root${slot}`];
}

/** Builds the disk of a board as it leaves the factory. */
export async function buildDisk(work: string, plan: DiskPlan): Promise<Disk> {
  const folder = join(work, 'disk');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  await writeFile(at('environment.txt'), ENVIRONMENT);
  await makeEnvironment(at('environment.txt'), at('environment.bin'), ENVIRONMENT_BYTES);
  await buildBootPartition(at('boot.fat'), at('boot.scr'));
  await makeFileSystem(at('data.ext4'), {
    label: 'data',
    mebibytes: DATA_MEBIBYTES,
    tree: plan.data,
  });
  const disk = at('disk.img');
  await runTool('truncate', ['-s', `${DISK_MEBIBYTES}M`, disk]);
  await partition(disk, at('partitions.txt'));
  const { env, boot, rootA, rootB, data } = starts();
  await put(disk, at('environment.bin'), env);
  await put(disk, at('environment.bin'), env + ENVIRONMENT_BYTES);
  await put(disk, at('boot.fat'), boot);
  await put(disk, plan.root, rootA);
  await put(disk, plan.root, rootB);
  await put(disk, at('data.ext4'), data);
  return { disk, flash: await buildFlash(folder) };
}

async function buildFlash(folder: string): Promise<string> {
  const [text, bytes, flash] = ['flash.txt', 'flash.bin', 'flash.img'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(text, FLASH);
  await makeEnvironment(text, bytes, 0x40000);
  await runTool('truncate', ['-s', '64M', flash]);
  await put(flash, bytes, 0);
  return flash;
}

async function buildBootPartition(image: string, script: string): Promise<void> {
  const source = fromRoot('scripts', 'rig', 'boot.cmd');
  await runTool('mkimage', ['-A', 'arm64', '-T', 'script', '-C', 'none', '-d', source, script]);
  await runTool('truncate', ['-s', '16M', image]);
  await runTool('mkfs.vfat', ['-n', 'BOOT', image]);
  await runTool('mcopy', ['-i', image, script, '::']);
}

async function makeEnvironment(text: string, image: string, bytes: number): Promise<void> {
  await runTool('mkenvimage', ['-s', `0x${bytes.toString(16)}`, '-o', image, text]);
}

async function partition(disk: string, table: string): Promise<void> {
  const lines = PARTITIONS.map(({ name, start, size }) =>
    [`start=${start}`, `size=${size}`, `name=${name}`].join(', '),
  );
  await writeFile(table, `label: gpt\n${lines.join('\n')}\n`);
  await runTool('bash', ['-c', 'sfdisk --quiet "$0" < "$1"', disk, table]);
}

function starts(): Readonly<Record<(typeof PARTITIONS)[number]['name'], number>> {
  const entries = PARTITIONS.map(({ name, start }) => [name, start * SECTOR_BYTES]);
  return Object.fromEntries(entries) as ReturnType<typeof starts>;
}

async function put(disk: string, file: string, offsetBytes: number): Promise<void> {
  const options = ['bs=64K', `seek=${offsetBytes}`, 'oflag=seek_bytes', 'conv=notrunc,sparse'];
  await runTool('dd', [`if=${file}`, `of=${disk}`, ...options, 'status=none']);
}
