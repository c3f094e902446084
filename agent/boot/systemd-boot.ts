import { join } from 'node:path';
import { readIfThere } from '../install/durable-file.ts';
import type { Slot } from '../state/agent-state.ts';
import {
  firstEntry,
  mayStart,
  readEntries,
  renameEntry,
  rewriteVersion,
  type BootEntries,
} from './boot-entries.ts';
import type { BootLoader, SlotState } from './boot-control.ts';
import { BootTrouble, requireWritten } from './boot-trouble.ts';
import type { SlotNames } from './slot-names.ts';

/** What systemd-boot needs. */
export interface SystemdBootOptions {
  /** `loader/` of the EFI system partition: `loader.conf` and `entries/`. */
  readonly loaderDir: string;
  /** The names of the two entries, without counter and ending. */
  readonly names: SlotNames;
  readonly current: () => Promise<Slot>;
  readonly tries: number;
}

/**
 * systemd-boot with boot counting: an entry named `name+3.conf` is counted down at each start and,
 * without tries, sorted behind every other one. Which of two good entries comes first is their
 * `version`, so a switch is one file that changes, and no EFI variable wears out.
 *
 * A `default` in loader.conf that names one entry would be started whatever its counter says:
 * there would be no way back, so such a board is not switched.
 */
export function systemdBoot(options: SystemdBootOptions): BootLoader {
  const { loaderDir, names, current, tries } = options;
  const folder = join(loaderDir, 'entries');
  const read = (): Promise<BootEntries> => readEntries(folder, names);
  const rename = async (slot: Slot, ending: string): Promise<void> => {
    await renameEntry(folder, (await read())[slot], `${names[slot]}${ending}`);
  };
  const state = async (slot: Slot): Promise<SlotState> =>
    mayStart((await read())[slot]) ? 'good' : 'bad';
  const first = async (slot: Slot): Promise<void> => {
    const entries = await read();
    const other = entries[slot === 'a' ? 'b' : 'a'];
    if (entries[slot].version <= other.version) {
      await rewriteVersion(folder, entries[slot], other.version + 1);
    }
    requireWritten('the first entry', slot, firstEntry(await read()));
  };
  return {
    current,
    primary: async () => firstEntry(await read()),
    setPrimary: async (slot) => {
      await requireNoDefault(join(loaderDir, 'loader.conf'), names);
      await rename(slot, `+${tries}.conf`);
      await first(slot);
    },
    state,
    setState: async (slot, wanted) => {
      if (wanted === 'bad') await rename(slot, '.conf.bad');
      else if ((await state(slot)) === 'bad') await rename(slot, `+${tries}.conf`);
      requireWritten(`the state of slot ${slot}`, wanted, await state(slot));
    },
    makePermanent: async (slot) => {
      await rename(slot, '.conf'); // what systemd-bless-boot does when a boot was good
      await first(slot);
    },
  };
}

/** `default` as a pattern of both entries is harmless: the first of the order is taken. */
async function requireNoDefault(path: string, names: SlotNames): Promise<void> {
  const text = (await readIfThere(path))?.toString('utf8') ?? '';
  const pattern = /^default[ \t]+(\S+)/m.exec(text)?.[1];
  if (pattern === undefined) return;
  const isPrefix = /^[^*?[\]\\]*\*$/.test(pattern);
  const prefix = pattern.slice(0, -1);
  if (isPrefix && names.a.startsWith(prefix) && names.b.startsWith(prefix)) return;
  throw new BootTrouble(
    'boot_environment_unsafe',
    `"default ${pattern}" in ${path} holds whatever the counters say: take it out`,
  );
}
