import { sha256Hex } from '../crypto/digest.ts';
import type { DelegatedRole, SuccinctRoles } from '../metadata/targets.ts';

/** TUF 4.5: whether a delegated role may speak about `path`. */
export function mayVouchFor(role: DelegatedRole, path: string): boolean {
  if (role.paths !== undefined) return role.paths.some((pattern) => matches(pattern, path));
  const hash = sha256Hex(Buffer.from(path));
  return role.path_hash_prefixes?.some((prefix) => hash.startsWith(prefix)) ?? false;
}

/** TAP 15: the one role of 2^bit_length that may speak about `path`. */
export function succinctRoleFor({ bit_length, name_prefix }: SuccinctRoles, path: string): string {
  const hash = sha256Hex(Buffer.from(path));
  const bin = Number.parseInt(hash.slice(0, 8), 16) >>> (32 - bit_length);
  const digits = Math.ceil(bit_length / 4);
  return `${name_prefix}-${bin.toString(16).padStart(digits, '0')}`;
}

/**
 * TUF 4.5 PATHPATTERN: `*` and `?` within one segment, nothing else. Braces, negation and `**` of
 * richer globs would widen what a role may sign.
 *
 * Greedy with one remembered star: linear for one star, never exponential.
 */
export function matches(pattern: string, path: string): boolean {
  let p = 0;
  let star = -1;
  let resumeAt = 0;
  for (let t = 0; t < path.length;) {
    if (pattern[p] === '*') {
      star = p++;
      resumeAt = t;
    } else if (pattern[p] === path[t] || (pattern[p] === '?' && path[t] !== '/')) {
      p++;
      t++;
    } else if (star >= 0 && path[resumeAt] !== '/') {
      p = star + 1;
      t = ++resumeAt;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
