import { notAllowed } from './not-allowed.ts';
import { find, type Planned } from './planned-tree.ts';

const PREFIX = '.wh.';
/** An entry whose name removes, as its header describes it. */
interface OfferedWhiteout {
  readonly path: string;
  readonly type: string;
  readonly size: number;
}

/** Takes away everything in its folder. */
const OPAQUE = '.wh..wh..opq';

/** Whether an entry removes another by its name, as the layers of container images do. */
export function isWhiteout(names: readonly string[]): boolean {
  return names.some((name) => name.startsWith(PREFIX));
}

/**
 * Takes away what a whiteout names, and answers every path that went, the deepest first. Only what
 * this archive brought before can go: nothing else is ever removed.
 */
export function takeAway(
  root: Planned,
  names: readonly string[],
  offered: OfferedWhiteout,
): readonly string[] {
  const above = names.slice(0, -1);
  const last = names.at(-1) ?? '';
  const isPlain = offered.type === 'File' && offered.size === 0 && !isWhiteout(above);
  if (!isPlain || !isKnown(last)) throw notAllowed(offered.path, 'is a whiteout of no known form');
  const inside = find(root, above)?.inside;
  const gone = last === OPAQUE ? inside : pick(inside, last.slice(PREFIX.length));
  if (gone === undefined) {
    throw notAllowed(offered.path, 'removes what this archive has not brought');
  }
  return removed(inside, gone, above);
}

function removed(
  inside: Planned['inside'],
  gone: ReadonlyMap<string, Planned>,
  above: readonly string[],
): readonly string[] {
  const paths = pathsIn(gone, above);
  for (const name of [...gone.keys()]) inside?.delete(name);
  return paths;
}

function isKnown(last: string): boolean {
  const name = last.slice(PREFIX.length);
  return last === OPAQUE || !(['', '.', '..'].includes(name) || isWhiteout([name]));
}

function pick(inside: Planned['inside'], name: string): Planned['inside'] {
  const found = inside?.get(name);
  return found && new Map([[name, found]]);
}

function pathsIn(inside: ReadonlyMap<string, Planned>, above: readonly string[]): string[] {
  return [...inside].flatMap(([name, { inside: below }]) => {
    const names = [...above, name];
    return [...(below ? pathsIn(below, names) : []), names.join('/')];
  });
}
