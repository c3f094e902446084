// TUF 4.5 and TAP 15: which role may speak about a path.
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import type { DelegatedRole } from '../../../shared/metadata/targets.ts';
import { matches, mayVouchFor, succinctRoleFor } from '../../../shared/trust/path-match.ts';

describe('a pattern', () => {
  test.each([
    ['', ''],
    ['*', ''],
    ['*', 'a'],
    ['**', 'a'],
    ['?', '*'],
    ['*', '?'],
    ['a*', 'a'],
    ['*a', 'a'],
    ['*a', 'aa'],
    ['*ab', 'aab'],
    ['*ab*', 'xaabx'],
    ['a*b*c', 'abbc'],
    ['a?c*', 'abc'],
    ['*/*', '/'],
    ['a/*/c', 'a//c'],
    ['*b/c', 'abb/c'],
    ['a*/b*', 'a/b'],
    ['/a', '/a'],
  ])('%j is about %j', (pattern, path) => {
    expect(matches(pattern, path)).toBe(true);
  });

  test.each([
    ['', 'a'],
    ['a', ''],
    ['?', ''],
    ['?', '/'],
    ['*', '/'],
    ['a', 'ab'],
    ['ab', 'a'],
    ['*a', 'ab'],
    ['*a', 'b'],
    ['a*', 'ba'],
    ['a?', 'a'],
    ['a*b', 'a/b'],
    ['*b/c', 'ab/d'],
    ['*/b', 'a/a/b'],
    ['a/*', 'a/b/'],
    ['a/b', 'a'],
    ['a', 'a/b'],
    ['/a', 'a'],
    ['a.c', 'abc'],
    ['*a?', 'ba'],
  ])('%j is not about %j', (pattern, path) => {
    expect(matches(pattern, path)).toBe(false);
  });
});

const ROLE = { name: 'gateway', keyids: ['k'], threshold: 1, terminating: false };
const PATH = 'gateway/é/manifest.json';
const HASH = sha256Hex(Buffer.from(PATH, 'utf8'));

test.each<readonly [string, Partial<DelegatedRole>, boolean]>([
  ['one of its patterns', { paths: ['camera/*', 'gateway/*/*'] }, true],
  ['none of its patterns', { paths: ['camera/*', 'gateway/*'] }, false],
  ['no pattern', { paths: [] }, false],
  ['one of its prefixes', { path_hash_prefixes: ['xy', HASH.slice(0, 3)] }, true],
  ['a prefix that stands elsewhere', { path_hash_prefixes: [HASH.slice(1, 9)] }, false],
  ['no prefix', { path_hash_prefixes: [] }, false],
  ['neither', {}, false],
])('a role may speak by %s: %j, %s', (_what, by, may) => {
  expect(mayVouchFor({ ...ROLE, ...by }, PATH)).toBe(may);
});

test.each([
  [1, 1],
  [4, 1],
  [5, 2],
  [8, 2],
  [31, 8],
  [32, 8],
])('of 2^%i bins one speaks about a path, its number in %i digits', (bits, digits) => {
  const role = { keyids: ['k'], threshold: 1, bit_length: bits, name_prefix: 'bin' };
  const number = Number.parseInt(HASH.slice(0, 8), 16) >>> (32 - bits);

  expect(succinctRoleFor(role, PATH)).toBe(`bin-${number.toString(16).padStart(digits, '0')}`);
});

test('a small number of a bin keeps its zeros', () => {
  const role = { keyids: ['k'], threshold: 1, bit_length: 32, name_prefix: 'bin' };
  const path = 'path 6'; // its hash begins with 0
  expect(sha256Hex(Buffer.from(path)).startsWith('0')).toBe(true);

  expect(succinctRoleFor(role, path)).toBe(`bin-${sha256Hex(Buffer.from(path)).slice(0, 8)}`);
});
