import fc from 'fast-check';
import { expect, test } from 'vitest';
import { treeDigest, type TreeEntry } from '../../shared/release/tree-digest.ts';

const file = (path: string, sha = 'a'.repeat(64), mode = 0o644): TreeEntry => ({
  kind: 'file',
  path,
  mode,
  sha256: sha,
});

test('does not depend on the order in which entries were found', () => {
  const entries: TreeEntry[] = [
    file('b'),
    file('a/c'),
    { kind: 'folder', path: 'a', mode: 0o755 },
    { kind: 'symlink', path: 'link', target: 'b' },
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: 4 }), (shuffled) => {
      expect(treeDigest(shuffled)).toBe(treeDigest(entries));
    }),
  );
});

test.each([
  ['content', file('a', 'b'.repeat(64))],
  ['a permission', file('a', 'a'.repeat(64), 0o755)],
  ['the name', file('b')],
  ['the kind', { kind: 'symlink', path: 'a', target: 'a'.repeat(64) } as const],
])('changes when %s changes', (_what, changed) => {
  expect(treeDigest([changed])).not.toBe(treeDigest([file('a')]));
});

test('ignores who owns a file and whether it is setuid: those bits are never installed', () => {
  expect(treeDigest([file('a', 'a'.repeat(64), 0o4644)])).toBe(treeDigest([file('a')]));
});

test('a name made to look like two lines is one entry', () => {
  const sneaky = file(`a",420,"${'a'.repeat(64)}"]\n["file","b`);

  expect(treeDigest([sneaky])).not.toBe(treeDigest([file('a'), file('b')]));
});
