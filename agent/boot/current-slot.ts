import { readFile, stat } from 'node:fs/promises';
import { hasCode } from '../install/durable-file.ts';
import type { Slot } from '../state/agent-state.ts';
import { BootTrouble } from './boot-trouble.ts';
import { requireSlot, SLOTS, type SlotNames } from './slot-names.ts';

/** Where the running slot is read from. It is configured, and never guessed. */
export type CurrentSource =
  /** `<name>=` on the kernel command line is what the boot loader calls the slot. */
  | { readonly from: 'argument'; readonly name: string }
  /** `root=` on the kernel command line, letter by letter. */
  | { readonly from: 'root'; readonly a: string; readonly b: string }
  /** The block device that `/` is mounted from. */
  | { readonly from: 'device'; readonly a: string; readonly b: string };

/** What the kernel tells. */
export interface Kernel {
  readonly commandLine: () => Promise<string>;
  /** Device number of the file system at `/`. */
  readonly rootDevice: () => Promise<number>;
  /** Number of a block device by its path. */
  readonly deviceNumber: (path: string) => Promise<number>;
}

/** The kernel of this machine. */
export const thisKernel: Kernel = {
  commandLine: () => readFile('/proc/cmdline', 'utf8'),
  rootDevice: async () => (await stat('/')).dev,
  deviceNumber: async (path) => (await stat(path)).rdev,
};

/** The slot that runs. Every doubt is a `BootTrouble`: the running slot must never be written. */
export async function currentSlot(
  source: CurrentSource,
  names: SlotNames,
  kernel: Kernel,
): Promise<Slot> {
  if (source.from === 'device') return slotOfDevice(source, kernel);
  const argument = source.from === 'argument' ? source.name : 'root';
  const value = argumentOf(await kernel.commandLine(), argument);
  const expected = source.from === 'argument' ? names : source;
  return requireSlot(expected, value, `${argument}= on the kernel command line`);
}

function argumentOf(commandLine: string, name: string): string {
  const values = new Set(
    commandLine
      .trim()
      .split(/\s+/)
      .filter((word) => word.startsWith(`${name}=`))
      .map((word) => word.slice(name.length + 1)),
  );
  const [value, ...others] = values;
  if (value === undefined) {
    throw new BootTrouble('boot_slot_unknown', `the kernel command line has no ${name}=`);
  }
  if (others.length > 0) {
    const said = [...values].map((one) => `${name}=${one.slice(0, 50)}`).join(' and ');
    throw new BootTrouble('boot_slot_unknown', `the kernel command line says ${said}`);
  }
  return value;
}

async function slotOfDevice(
  source: Extract<CurrentSource, { from: 'device' }>,
  kernel: Kernel,
): Promise<Slot> {
  const root = await kernel.rootDevice();
  for (const slot of SLOTS) {
    if ((await deviceNumber(kernel, source[slot])) === root) return slot;
  }
  throw new BootTrouble('boot_slot_unknown', `/ is neither on ${source.a} nor on ${source.b}`);
}

/** A device that is not there is not the one that runs. */
async function deviceNumber(kernel: Kernel, path: string): Promise<number | undefined> {
  try {
    return await kernel.deviceNumber(path);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) return undefined;
    throw cause;
  }
}
