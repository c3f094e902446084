// Two clients written apart, one repository: whatever happens to it, both find the same release or
// both find none. Where ours is stricter on purpose stands in stricter-than-tuf-js.test.ts.
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Refusal, REFUSAL_CODES } from '../../shared/trust/refusal.ts';
import { NOON, simulateRepository, targetFor } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { tufDevice } from '../support/tuf-device.ts';
import { CHANGES, gateway, HAND_OVERS, PATH, type Change } from './changes.ts';
import { tufJsClient } from './tuf-js-client.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOON }));
afterEach(() => vi.useRealTimers());

test.each([...CHANGES, ...HAND_OVERS])('both find the same after: %s', async (...change) => {
  expect(await verdicts([change])).toEqual(agreement([change[0]]));
});

test('both find the same after any few changes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...CHANGES), { minLength: 2, maxLength: 4 }),
      async (changes) => {
        expect(await verdicts(changes)).toEqual(agreement(changes.map(([name]) => name)));
      },
    ),
    { numRuns: Number(process.env['SEALIFT_FUZZ_RUNS'] ?? 25), endOnFailure: true },
  );
});

interface Verdicts {
  readonly changes: readonly string[];
  readonly ours: string;
  readonly theirs: string;
}

/** Both found the same, or none. */
function agreement(changes: readonly string[]): unknown {
  const isAgreed = ({ ours, theirs }: Verdicts): boolean =>
    ours === theirs || (theirs === NOTHING && REFUSAL_CODES.some((code) => code === ours));
  return expect.toSatisfy(isAgreed, changes.join(', '));
}

const NOTHING = 'nothing';

/** Both clients follow the repository, then it changes, then both look again. */
async function verdicts(changes: readonly Change[]): Promise<Verdicts> {
  const sim = await simulateRepository();
  sim.delegate('gateway', ['gateway/*'], [testKey('gateway')]);
  gateway(sim).targets = { [PATH]: targetFor(Buffer.from('first')) };
  // So far up that no change below brings a number back: reused versions are another test.
  for (const role of [sim.timestamp, sim.snapshot, sim.targets, gateway(sim)]) role.version = 9;
  const device = tufDevice(sim);
  const other = await tufJsClient(sim);
  try {
    await device.find(PATH);
    await other.find(PATH);
    for (const [, change] of changes) await change(sim);
    const ours = await device.find(PATH).then(said, codeOf);
    const theirs = await other.find(PATH).then(said, () => NOTHING);
    return { changes: changes.map(([name]) => name), ours, theirs };
  } finally {
    await other.close();
  }
}

function said(found: { readonly hashes: object } | undefined): string {
  return found === undefined ? NOTHING : JSON.stringify(found.hashes);
}

function codeOf(refused: unknown): string {
  if (refused instanceof Refusal) return refused.code;
  throw refused;
}
