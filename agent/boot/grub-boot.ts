import type { Slot } from '../state/agent-state.ts';
import type { BootLoader, SlotState } from './boot-control.ts';
import { orderIn } from './boot-order.ts';
import { damaged } from './boot-trouble.ts';
import type { GrubEnvironment } from './grub-environment.ts';
import { otherSlot, type SlotNames } from './slot-names.ts';

/** What GRUB needs. */
export interface GrubBootOptions {
  readonly environment: GrubEnvironment;
  readonly names: SlotNames;
  readonly current: () => Promise<Slot>;
}

/** What the block says of our slots. */
interface Order {
  readonly order: readonly Slot[];
  readonly ok: Readonly<Record<Slot, boolean>>;
  /** GRUB has tried it and nobody has said yet that it came up. */
  readonly tried: Readonly<Record<Slot, boolean>>;
}

/**
 * GRUB with `ORDER`, `<name>_OK` and `<name>_TRY` as RAUC's `grub.cfg` has them: GRUB takes the first
 * slot of the order that is OK and not yet tried, and sets its `TRY` first. So a slot has one try.
 */
export function grubBoot({ environment, names, current }: GrubBootOptions): BootLoader {
  const read = async (): Promise<Order> => orderOf(await environment.read(), names);
  const first = async (slot: Slot): Promise<void> => {
    const { order } = await read();
    const others = order.filter((other) => other !== slot);
    await environment.write({
      ...marks(names, slot, true),
      ...orderText(names, [slot, ...others]),
    });
  };
  const setState = async (slot: Slot, state: SlotState): Promise<void> => {
    const { order } = await read();
    const others = order.filter((other) => other !== slot);
    const kept = others.length > 0 ? others : [otherSlot(slot)];
    const next = state === 'bad' ? kept : order.includes(slot) ? order : [...others, slot];
    await environment.write({ ...marks(names, slot, state === 'good'), ...orderText(names, next) });
  };
  return {
    current,
    primary: async () => {
      const { order, ok, tried } = await read();
      return order.find((slot) => ok[slot] && !tried[slot]);
    },
    setPrimary: first,
    state: async (slot) => {
      const { order, ok, tried } = await read();
      return order.includes(slot) && ok[slot] && !tried[slot] ? 'good' : 'bad';
    },
    setState,
    makePermanent: first,
    confirm: (slot) => setState(slot, 'good'), // or its one try would be used up
  };
}

function marks(names: SlotNames, slot: Slot, isGood: boolean): Readonly<Record<string, string>> {
  return { [`${names[slot]}_OK`]: isGood ? '1' : '0', [`${names[slot]}_TRY`]: '0' };
}

function orderText(names: SlotNames, order: readonly Slot[]): Readonly<Record<string, string>> {
  return { ORDER: order.map((slot) => names[slot]).join(' ') };
}

function orderOf(variables: ReadonlyMap<string, string>, names: SlotNames): Order {
  const order = orderIn(variables, 'ORDER', names);
  const flag = (slot: Slot, name: string): boolean => flagOf(variables, `${names[slot]}_${name}`);
  const both = (name: string): Readonly<Record<Slot, boolean>> => ({
    a: flag('a', name),
    b: flag('b', name),
  });
  return { order, ok: both('OK'), tried: both('TRY') };
}

/** Unset is what `grub.cfg` sets at its beginning: 0. */
function flagOf(variables: ReadonlyMap<string, string>, name: string): boolean {
  const text = variables.get(name) ?? '0';
  if (text === '0' || text === '1') return text === '1';
  throw damaged(`${name} is ${JSON.stringify(text.slice(0, 100))}, and must be 0 or 1`);
}
