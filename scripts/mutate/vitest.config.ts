import { defineConfig } from 'vitest/config';

// Every mutant that lives runs all of these, so only tests of the trust core are here: none that starts
// an agent, and none that repeats the same checks by chance (fuzz) or on a disk (damaged-store).
const TESTS = [
  'arbitrary-software',
  'both-repositories',
  'compromised-director',
  'delegation-confusion',
  'endless-data',
  'fast-forward',
  'freeze',
  'hashed-delegations',
  'key-compromise{,-network,-server,-product}',
  'mix-and-match',
  'non-consistent-snapshot',
  'parser-differentials',
  'recall',
  'release-counter',
  'rollback',
  'root-rotation',
  'threshold-forging',
];

export default defineConfig({
  test: {
    include: [
      ...TESTS.map((name) => `test/attacks/${name}.test.ts`),
      'test/shared/profile.test.ts',
      'test/shared/trust/*.test.ts',
    ],
    testTimeout: 30_000,
  },
});
