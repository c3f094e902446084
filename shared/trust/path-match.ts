import { sha256Hex } from '../crypto/digest.ts';
import type { DelegatedRole, SuccinctRoles } from '../metadata/targets.ts';

/** TUF 4.5: whether a delegated role may speak about `path`. */
export function mayVouchFor(role: DelegatedRole, path: string): boolean {
  if (role.paths !== undefined) return role.paths.some((pattern) => matches(pattern, path));
  const hash = sha256Hex(Buffer.from(path, 'utf8'));
  return role.path_hash_prefixes?.some((prefix) => hash.startsWith(prefix)) ?? false;
}

/** TAP 15: the one role of 2^bit_length that may speak about `path`. */
export function succinctRoleFor({ bit_length, name_prefix }: SuccinctRoles, path: string): string {
  const hash = sha256Hex(Buffer.from(path, 'utf8'));
  const bin = Number(BigInt(`0x${hash.slice(0, 8)}`) >> BigInt(32 - bit_length));
  const digits = Math.ceil(bit_length / 4);
  return `${name_prefix}-${bin.toString(16).padStart(digits, '0')}`;
}

/**
 * TUF 4.5 PATHPATTERN: `*` and `?` within one segment, nothing else. Braces, negation and `**` of
 * richer globs would widen what a role may sign.
 */
export function matches(pattern: string, path: string): boolean {
  const patterns = pattern.split('/');
  const segments = path.split('/');
  return (
    patterns.length === segments.length &&
    patterns.every((part, index) => segmentMatches(part, segments[index] ?? ''))
  );
}

/** Greedy with one remembered star: linear for one star, never exponential. */
function segmentMatches(pattern: string, text: string): boolean {
  let p = 0;
  let star = -1;
  let resumeAt = 0;
  for (let t = 0; t < text.length;) {
    if (pattern[p] === '*') {
      star = p++;
      resumeAt = t;
    } else if (pattern[p] === '?' || pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resumeAt;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
