import type { Slot } from '../state/agent-state.ts';
import type { BootLoader, SlotState } from './boot-control.ts';
import { orderIn } from './boot-order.ts';
import { damaged } from './boot-trouble.ts';
import { otherSlot, SLOTS, type SlotNames } from './slot-names.ts';
import type { UbootEnvironment, Variables } from './uboot-environment.ts';

/** What U-Boot with a boot order needs. */
export interface UbootOrderOptions {
  readonly environment: UbootEnvironment;
  readonly names: SlotNames;
  readonly current: () => Promise<Slot>;
  /** How often U-Boot tries a slot before it goes on to the next one. */
  readonly tries: number;
}

/** What the environment says of our slots. */
interface Order {
  /** First to be tried first; may lack a slot, and never holds one twice. */
  readonly order: readonly Slot[];
  readonly left: Readonly<Record<Slot, number>>;
}

/**
 * U-Boot with `BOOT_ORDER` and `BOOT_<name>_LEFT`, as RAUC's boot scripts have it: the script takes
 * the first slot of the order with tries left, and takes one of them.
 */
export function ubootOrderBoot(options: UbootOrderOptions): BootLoader {
  const { environment, names, current, tries } = options;
  const read = async (): Promise<Order> => orderOf(await environment.read(), names);
  const write = (order: readonly Slot[], left: Partial<Order['left']>): Promise<void> =>
    environment.write({
      BOOT_ORDER: order.map((slot) => names[slot]).join(' '),
      ...Object.fromEntries(
        SLOTS.filter((slot) => left[slot] !== undefined).map((slot) => {
          return [leftOf(names, slot), String(left[slot])];
        }),
      ),
    });
  const first = async (slot: Slot): Promise<void> => {
    const { order } = await read();
    await write([slot, ...order.filter((other) => other !== slot)], { [slot]: tries });
  };
  const setState = async (slot: Slot, state: SlotState): Promise<void> => {
    const { order } = await read();
    const others = order.filter((other) => other !== slot);
    if (state === 'bad') {
      await write(others.length > 0 ? others : [otherSlot(slot)], { [slot]: 0 });
    } else {
      await write(order.includes(slot) ? order : [...others, slot], { [slot]: tries });
    }
  };
  return {
    current,
    primary: async () => {
      const { order, left } = await read();
      return order.find((slot) => left[slot] > 0);
    },
    setPrimary: first,
    state: async (slot) => {
      const { order, left } = await read();
      return order.includes(slot) && left[slot] > 0 ? 'good' : 'bad';
    },
    setState,
    makePermanent: first,
    confirm: (slot) => setState(slot, 'good'), // each start took one of its tries
  };
}

function orderOf(variables: Variables, names: SlotNames): Order {
  const order = orderIn(variables, 'BOOT_ORDER', names);
  return {
    order,
    left: { a: triesLeft(variables, names, 'a'), b: triesLeft(variables, names, 'b') },
  };
}

/** U-Boot's `setexpr` writes hexadecimal without a prefix. */
function triesLeft(variables: Variables, names: SlotNames, slot: Slot): number {
  const name = leftOf(names, slot);
  const text = variables.get(name);
  if (text === undefined) throw damaged(`${name} is not set`);
  if (/^(0x)?[0-9a-f]{1,8}$/i.test(text)) return Number.parseInt(text, 16);
  throw damaged(`${name} is ${JSON.stringify(text.slice(0, 100))}, and must be a number`);
}

function leftOf(names: SlotNames, slot: Slot): string {
  return `BOOT_${names[slot]}_LEFT`;
}
