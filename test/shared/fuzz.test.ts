// Whatever the bytes, a parser answers or refuses by name: it never breaks, and never reads what
// another reader would read otherwise. `npm run fuzz` does the same for longer.
import { describe, expect, test } from 'vitest';
import { isExpected, PARSERS } from '../../scripts/fuzz/parsers.ts';
import { fuzz, tryAll } from '../../scripts/fuzz/run.ts';
import { seedCorpus } from '../../scripts/fuzz/seeds.ts';

test('no parser breaks on the seeds themselves', async () => {
  for (const seed of await seedCorpus()) expect(tryAll(seed)).toBeUndefined();
});

test.each([1, 2, 3])('no parser breaks on 1,000 changed files (seed %s)', async (seed) => {
  const found = fuzz(await seedCorpus(), { seed, goOn: (inputs) => inputs < 1_000 });

  expect(found).toEqual({ inputs: 1_000, finding: undefined });
});

describe.each([...PARSERS])('the parser of %s', (_name, parse) => {
  test('refuses nothing, noise and the half of a file by name', async () => {
    const [root = Buffer.of()] = await seedCorpus();
    for (const bytes of [Buffer.of(), Buffer.alloc(64, 0xff), root.subarray(0, root.length / 2)]) {
      expect(() => parse(bytes)).toThrow(expect.toSatisfy(isExpected));
    }
  });
});
