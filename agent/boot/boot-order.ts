import type { Slot } from '../state/agent-state.ts';
import { damaged } from './boot-trouble.ts';
import { slotNamed, type SlotNames } from './slot-names.ts';

/** The slots in a variable that lists them, first to be tried first. */
export function orderIn(
  variables: ReadonlyMap<string, string>,
  variable: string,
  names: SlotNames,
): readonly Slot[] {
  const text = variables.get(variable);
  if (text === undefined) throw damaged(`${variable} is not set`);
  // A third name (a rescue system) is nobody's business of ours, but must not be dropped unseen.
  const words = text.split(/\s+/).filter((word) => word !== '');
  const order = words.map((word) => slotNamed(names, word)).filter((slot) => slot !== undefined);
  if (order.length === words.length && new Set(order).size === order.length) return order;
  const said = JSON.stringify(text.slice(0, 100));
  throw damaged(
    `${variable} is ${said}, and only "${names.a}" and "${names.b}" may be in it, once`,
  );
}
