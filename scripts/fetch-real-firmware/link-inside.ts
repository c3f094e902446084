import { readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';

// As many as Linux follows before it says ELOOP.
const MAX_LINKS = 40;

/**
 * What the link at `path` reaches in the end, seen from the link and never above the root.
 *
 * To a running system `/` is the slot; to an installer it is the device's own root. So `/etc/x`
 * becomes `../etc/x`, and a `..` too many stops at the root, as the kernel would have it. Links on the
 * way (`/lib` is one) are followed too: a careful installer refuses a link through a link, because it
 * cannot know where the second one will point by the time it is used.
 */
export async function linkInside(root: string, path: string): Promise<string> {
  const reached = await resolveInside(root, path);
  return posix.relative(posix.dirname(posix.join('/', path)), reached) || '.';
}

/** The path that the kernel would reach if `root` were `/`; what does not exist is taken as it is. */
async function resolveInside(root: string, path: string): Promise<string> {
  let reached = '/';
  let linksLeft = MAX_LINKS;
  const todo = path.split('/');
  for (let name = todo.shift(); name !== undefined; name = todo.shift()) {
    const next = posix.join(reached, name);
    const target = await targetOf(join(root, next));
    if (target === undefined) {
      reached = next;
      continue;
    }
    if (linksLeft === 0) throw new Error(`${path} leads in a circle`);
    linksLeft -= 1;
    if (posix.isAbsolute(target)) reached = '/';
    todo.unshift(...target.split('/'));
  }
  return reached;
}

async function targetOf(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    // EINVAL: not a link. The others: nothing there yet, /proc for example.
    if (code === 'EINVAL' || code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw cause;
  }
}
