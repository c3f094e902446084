import type { Slot } from '../state/agent-state.ts';
import type { BootLoader } from './boot-control.ts';
import { BootTrouble, damaged } from './boot-trouble.ts';
import { slotNamed } from './slot-names.ts';
import type { SlotStates } from './slot-states.ts';
import type { UbootEnvironment, Variables } from './uboot-environment.ts';

/** What U-Boot with a boot counter needs. */
export interface UbootUpgradeOptions {
  readonly environment: UbootEnvironment;
  /** Number of each slot's partition. */
  readonly partitions: Readonly<Record<Slot, number>>;
  /** Such an environment has no place for the state of a slot. */
  readonly states: SlotStates;
  readonly current: () => Promise<Slot>;
}

/**
 * U-Boot with `upgrade_available`, `bootcount` and `bootlimit`, as Mender and aktualizr have it:
 * `bootcount` moves only while `upgrade_available` is 1, and past `bootlimit` U-Boot runs
 * `altbootcmd`, which turns `mender_boot_part` back.
 */
export function ubootUpgradeBoot(options: UbootUpgradeOptions): BootLoader {
  const { environment, partitions, states, current } = options;
  const names = { a: String(partitions.a), b: String(partitions.b) };
  const boot = (slot: Slot, upgradeAvailable: '0' | '1'): Promise<void> =>
    environment.write({
      mender_boot_part: names[slot],
      mender_boot_part_hex: partitions[slot].toString(16),
      upgrade_available: upgradeAvailable,
      bootcount: '0',
    });
  return {
    current,
    primary: async () => {
      const part = required(await environment.read(), 'mender_boot_part');
      const slot = slotNamed(names, part);
      if (slot !== undefined) return slot;
      throw damaged(
        `mender_boot_part is ${JSON.stringify(part.slice(0, 100))}, ` +
          `and our partitions are ${names.a} and ${names.b}`,
      );
    },
    setPrimary: async (slot) => {
      requireFallback(await environment.read());
      await boot(slot, '1');
    },
    ...states,
    makePermanent: async (slot) => {
      await states.setState(slot, 'good');
      await boot(slot, '0');
    },
  };
}

/** Without a limit U-Boot would count and never fall back: such a board is not to be switched. */
function requireFallback(variables: Variables): void {
  const limit = required(variables, 'bootlimit');
  if (!/^[1-9][0-9]{0,3}$/.test(limit)) {
    const said = JSON.stringify(limit.slice(0, 100));
    throw new BootTrouble(
      'boot_environment_unsafe',
      `bootlimit is ${said}: U-Boot would never fall back`,
    );
  }
  if (required(variables, 'altbootcmd') === '') {
    throw new BootTrouble('boot_environment_unsafe', 'altbootcmd is empty: there is no way back');
  }
}

function required(variables: Variables, name: string): string {
  const value = variables.get(name);
  if (value === undefined) throw damaged(`${name} is not set`);
  return value;
}
