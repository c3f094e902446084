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
  { path, type, size }: OfferedWhiteout,
): readonly string[] {
  const above = names.slice(0, -1);
  const last = names.at(-1) ?? '';
  if (isWhiteout(above) || type !== 'File' || size > 0 || !isKnown(last)) {
    throw notAllowed(path, 'is a whiteout of no known form');
  }
  const inside = find(root, above)?.inside;
  const gone = last === OPAQUE ? inside : pick(inside, last.slice(PREFIX.length));
  if (gone === undefined) throw notAllowed(path, 'removes what this archive has not brought');
  const paths = pathsIn(gone, above);
  for (const each of [...gone.keys()]) inside?.delete(each);
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
