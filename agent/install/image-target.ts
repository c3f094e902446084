import { readFile, realpath, readdir, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { hasCode } from './durable-file.ts';
import { TargetUnfit } from './installer.ts';

/** Where an image goes, as it was found. */
export type ImageTarget =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'device'; readonly path: string; readonly bytes: number };

/** What the kernel says of itself. Tests hand in another. */
export interface KernelFiles {
  readonly mountInfo: string;
  readonly devices: string;
}

/** On Linux. */
export const KERNEL_FILES: KernelFiles = {
  mountInfo: '/proc/self/mountinfo',
  devices: '/sys/dev/block',
};

const SECTOR_BYTES = 512; // of /sys, whatever the device's own are

/** Looks at a target and at the other slot's; throws {@link TargetUnfit}. Nothing is changed. */
export async function inspectTarget(
  path: string,
  other: string,
  kernel: KernelFiles,
): Promise<ImageTarget> {
  const found = await find(path);
  const running = await findIfThere(other);
  if (running !== undefined && isSame(found, running)) {
    throw new TargetUnfit('target_in_use', `${path} is ${other}, the other slot's own`);
  }
  const { stats } = found;
  if (stats.isBlockDevice()) return inspectDevice(found, kernel);
  if (!stats.isFile()) {
    throw new TargetUnfit('target_unsuitable', `${path} is neither a file nor a block device`);
  }
  await requireNotAttached(found, kernel);
  return { kind: 'file', path: found.path };
}

/** Refuses a device that is smaller than the image. A file becomes as long as the image is. */
export function requireFits(target: ImageTarget, lengthBytes: number): void {
  if (target.kind === 'file' || target.bytes >= lengthBytes) return;
  throw new TargetUnfit(
    'target_too_small',
    `${target.path} holds ${target.bytes} bytes, the image has ${lengthBytes}`,
  );
}

interface Found {
  readonly path: string;
  readonly stats: Stats;
}

async function find(path: string): Promise<Found> {
  const found = await findIfThere(path);
  if (found !== undefined) return found;
  throw new TargetUnfit('target_missing', `${path} is not there; a file must exist beforehand`);
}

async function findIfThere(path: string): Promise<Found | undefined> {
  try {
    const real = await realpath(path);
    return { path: real, stats: await stat(real) };
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) return undefined;
    throw cause;
  }
}

function isSame(left: Found, right: Found): boolean {
  const [one, two] = [left.stats, right.stats];
  if (one.isBlockDevice() && two.isBlockDevice()) return one.rdev === two.rdev;
  return one.dev === two.dev && one.ino === two.ino;
}

async function inspectDevice({ path, stats }: Found, kernel: KernelFiles): Promise<ImageTarget> {
  const number = numberOf(stats.rdev);
  const folder = await realpath(`${kernel.devices}/${number}`);
  const mounted = await mountedDevices(kernel);
  for (const { device, at } of mounted) {
    // A partition lies below its disk in /sys: a disk with a mounted partition is in use as well.
    const isBelow = (await deviceFolder(kernel, device))?.startsWith(`${folder}/`) === true;
    if (device === number || isBelow) {
      throw new TargetUnfit('target_in_use', `${path} is mounted at ${at}`);
    }
  }
  const [holder] = await namesIn(`${folder}/holders`);
  if (holder !== undefined) throw new TargetUnfit('target_in_use', `${path} carries ${holder}`);
  const sectors = Number(await readFile(`${folder}/size`, 'utf8'));
  return { kind: 'device', path, bytes: sectors * SECTOR_BYTES };
}

/** A file may be in use through a loop device that is mounted. */
async function requireNotAttached({ path }: Found, kernel: KernelFiles): Promise<void> {
  for (const { device, at } of await mountedDevices(kernel)) {
    if ((await backingFile(kernel, device)) !== path) continue;
    throw new TargetUnfit('target_in_use', `${path} is mounted at ${at}`);
  }
}

interface Mounted {
  /** `major:minor`. */
  readonly device: string;
  readonly at: string;
}

/** proc(5): `id parent major:minor root mount-point ...`. Elsewhere than on Linux nothing is known. */
async function mountedDevices({ mountInfo }: KernelFiles): Promise<readonly Mounted[]> {
  const lines = (await readFile(mountInfo, 'utf8')).split('\n');
  return lines.flatMap((line) => {
    const [, , device, , at] = line.split(' ');
    return device === undefined || at === undefined ? [] : [{ device, at }];
  });
}

async function backingFile({ devices }: KernelFiles, device: string): Promise<string | undefined> {
  try {
    return (await readFile(`${devices}/${device}/loop/backing_file`, 'utf8')).trimEnd();
  } catch {
    return undefined; // no loop device
  }
}

async function deviceFolder({ devices }: KernelFiles, device: string): Promise<string | undefined> {
  return realpath(`${devices}/${device}`).catch(() => undefined); // tmpfs and the like have none
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

/** How glibc packs a device number (makedev). */
function numberOf(rdev: number): string {
  const [low, high] = [rdev % 2 ** 32, Math.floor(rdev / 2 ** 32)];
  const major = ((low >>> 8) & 0xfff) + ((high & 0xfffff) << 12);
  return `${major}:${(low & 0xff) | ((low >>> 12) & 0xfff00)}`;
}
