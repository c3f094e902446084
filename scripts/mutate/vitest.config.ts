import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const fast = fileURLToPath(new URL('fast-ed25519.ts', import.meta.url));

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
  plugins: [
    {
      name: 'ed25519 by the platform',
      enforce: 'pre',
      resolveId: (source) => (/(^|\/)ed25519\.ts$/.test(source) ? fast : undefined),
    },
  ],
  test: {
    include: [
      ...TESTS.map((name) => `test/attacks/${name}.test.ts`),
      'test/shared/profile.test.ts',
      'test/shared/trust/*.test.ts',
    ],
    testTimeout: 30_000,
  },
});
