import { readIfThere, writeDurably } from '../install/durable-file.ts';
import type { Slot } from '../state/agent-state.ts';
import { parseAutoboot, writeAutoboot, type Autoboot } from './autoboot-file.ts';
import type { BootLoader } from './boot-control.ts';
import { BootTrouble, requireWritten } from './boot-trouble.ts';
import { otherSlot, requireSlot } from './slot-names.ts';
import type { SlotStates } from './slot-states.ts';

/** What a Raspberry Pi needs. */
export interface TrybootOptions {
  /** `autoboot.txt` on the first partition, which belongs to no slot. */
  readonly path: string;
  /** Number of each slot's boot partition. */
  readonly partitions: Readonly<Record<Slot, number>>;
  readonly states: SlotStates;
  readonly current: () => Promise<Slot>;
  /** Restarts once into the partition of `[tryboot]`. */
  readonly tryCommand: readonly string[];
}

/**
 * A Raspberry Pi with tryboot: `reboot "0 tryboot"` starts the partition under `[tryboot]` once.
 * Any other start, after a crash, a watchdog or a power cut, takes the one under `[all]`: so that is
 * the primary slot until the commit, and a slot has one try.
 */
export function trybootBoot(options: TrybootOptions): BootLoader {
  const { path, partitions, states, current, tryCommand } = options;
  const names = { a: String(partitions.a), b: String(partitions.b) };
  const primary = async (): Promise<Slot> => {
    const { boot } = parseAutoboot(await textOf(path));
    return requireSlot(names, String(boot), 'boot_partition in [all] of autoboot.txt');
  };
  return {
    current,
    primary,
    setPrimary: async (slot) => {
      if ((await primary()) === slot) return;
      await rewrite(path, { tryboot: partitions[slot] });
    },
    ...states,
    makePermanent: async (slot) => {
      await states.setState(slot, 'good');
      await rewrite(path, { boot: partitions[slot], tryboot: partitions[otherSlot(slot)] });
    },
    rebootCommand: async (slot) => ((await primary()) === slot ? undefined : tryCommand),
  };
}

async function rewrite(path: string, change: Partial<Autoboot>): Promise<void> {
  const text = await textOf(path);
  const wanted = { ...parseAutoboot(text), ...change };
  const changed = writeAutoboot(text, wanted);
  if (changed === text) return;
  await writeDurably(path, Buffer.from(changed, 'latin1'));
  const { boot, tryboot } = parseAutoboot(await textOf(path));
  requireWritten('boot_partition', `${wanted.boot}/${wanted.tryboot}`, `${boot}/${tryboot}`);
}

async function textOf(path: string): Promise<string> {
  const bytes = await readIfThere(path);
  if (bytes !== undefined) return bytes.toString('latin1');
  throw new BootTrouble('boot_environment_damaged', `there is no ${path}`);
}
