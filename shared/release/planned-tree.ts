import { notAllowed } from './not-allowed.ts';

/** What stands in the slot so far; an `implied` folder was never listed itself. */
export interface Planned {
  readonly kind: 'implied' | 'folder' | 'file' | 'symlink' | 'hardlink';
  readonly xattrs?: readonly string[] | undefined;
  /** Of a folder: what is in it, by name. */
  readonly inside?: Map<string, Planned>;
}

/** A folder in which nothing stands yet. */
export function emptyFolder(kind: 'implied' | 'folder'): Planned {
  return { kind, inside: new Map() };
}

/** What stands at a path. Nothing stands below a link. */
export function find(root: Planned, names: readonly string[]): Planned | undefined {
  return names.reduce<Planned | undefined>((at, name) => at?.inside?.get(name), root);
}

/** The folder that an entry goes to. Those above it that were never listed are made, and told. */
export function folderFor(
  root: Planned,
  names: readonly string[],
): { readonly inside: Map<string, Planned>; readonly above: readonly string[] } {
  const above: string[] = [];
  let at = root;
  names.slice(0, -1).forEach((name, depth) => {
    const path = names.slice(0, depth + 1).join('/');
    let next = at.inside?.get(name);
    if (next === undefined) {
      next = emptyFolder('implied');
      at.inside?.set(name, next);
      above.push(path);
    }
    // Every folder above must be one: an entry through a link or a file would land somewhere else.
    if (next.inside === undefined) {
      throw notAllowed(names.join('/'), `lies below ${path}, which is a ${next.kind}`);
    }
    at = next;
  });
  return { inside: at.inside ?? new Map<string, Planned>(), above };
}
