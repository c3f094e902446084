// A27: some holders of root keys are not enough, whatever the order in which keys and thresholds
// change. Each row is a life of one role: who holds it, how many must sign, who signed.
import { describe, expect, test } from 'vitest';
import { simulateRepository, type Simulator } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice } from '../support/tuf-device.ts';

interface Holding {
  readonly holders: string;
  readonly threshold: number;
  readonly signed: string;
}

/** `abc 2 ac`: a, b and c hold the role, two must sign, a and c did. */
function read(holding: string): Holding {
  const [holders = '', threshold, signed = ''] = holding.split(' ');
  return { holders, threshold: Number(threshold), signed };
}

const keys = (letters: string): ReturnType<typeof testKey>[] =>
  letters.split('').map((letter) => testKey(`holder ${letter}`));

async function publishRoots(holdings: readonly string[]): Promise<Simulator> {
  const sim = await simulateRepository();
  sim.roots.length = 0;
  sim.root.version = 0;
  for (const { holders, threshold, signed } of holdings.map(read)) {
    sim.setKeys('root', keys(holders), threshold);
    await sim.publishRoot(keys(signed));
  }
  return sim;
}

describe('a root is followed', () => {
  test.each([
    ['when its one holder hands over to another', ['a 1 a', 'b 1 ba', 'b 1 b']],
    ['when people sign who hold nothing', ['a 1 xay', 'b 1 xbay', 'b 1 xby']],
    ['whoever of its holders sign', ['abcde 3 ace', 'abcde 3 aeb', 'abcde 3 abd', 'abcde 3 cde']],
    ['when one holder leaves and the others sign', ['abcde 3 ace', 'abdef 3 aeb']],
    ['when the leaving holder still signs once', ['abcde 3 ace', 'abdef 3 acef', 'abdef 3 aef']],
    ['when everybody is replaced in one step', ['abcde 3 ace', 'fghij 3 acefgh', 'fghij 3 fgh']],
    ['when its threshold rises', ['abc 1 a', 'abc 2 ab']],
    ['when its threshold falls', ['abc 2 ab', 'abc 1 ab', 'abc 1 c']],
    ['when a second holder joins and both must sign', ['a 1 a', 'ab 2 ab']],
  ])('%s', async (_when, holdings) => {
    const sim = await publishRoots(holdings);

    expect((await tufDevice(sim).refresh()).root.version).toBe(holdings.length);
  });
});

describe('a root is refused, and the one before it kept', () => {
  test.each([
    ['when only the new holder signs', ['a 1 a', 'b 1 bxy']],
    ['when only the old holder signs', ['a 1 a', 'b 1 axy']],
    ['when too few of the new holders sign', ['abcde 3 ace', 'abdef 3 ace']],
    ['when too few of the old holders sign', ['abcde 3 ace', 'abdef 3 aef']],
    ['when its new threshold is not met', ['abc 1 a', 'abc 2 b']],
    ['when its old threshold is not met', ['abc 2 ab', 'abc 1 a']],
  ])('%s', async (_when, holdings) => {
    const sim = await publishRoots(holdings.slice(0, -1));
    const device = tufDevice(sim);
    await device.refresh();
    const before = device.disk();

    const last = read(holdings.at(-1) ?? '');
    sim.setKeys('root', keys(last.holders), last.threshold);
    await sim.publishRoot(keys(last.signed));

    await expect(device.refresh()).rejects.toEqual(refusal('threshold_not_met'));
    expect(device.disk()).toBe(before);
  });
});

describe.each(['timestamp', 'snapshot', 'targets'] as const)('a %s that changes hands', (role) => {
  async function handOver(holding: string): Promise<{ sim: Simulator; before: Uint8Array }> {
    const sim = await simulateRepository();
    const honest = tufDevice(sim);
    await honest.refresh();
    const { holders, threshold, signed } = read(holding);
    sim.setKeys(role, keys(holders), threshold);
    sim.signers.set(role, keys(signed));
    await sim.publishRoot();
    sim.publish();
    return { sim, before: honest.store.files.get(role) ?? Buffer.of() };
  }

  test.each([
    'b 1 b',
    'a 1 xay',
    'abcde 3 ace',
    'abcde 3 aeb',
    'abcde 3 abd',
    'abcde 3 bcd',
    'abcde 3 cde',
  ])('is accepted: %s', async (holding) => {
    const { sim, before } = await handOver(holding);
    const device = tufDevice(sim);

    await expect(device.refresh()).resolves.toMatchObject({ root: { version: 2 } });
    expect(device.store.files.get(role)).not.toEqual(before);
  });

  test.each(['b 1 axy', 'abdef 3 ace', 'abdef 3 ae', 'ab 3 ab'])(
    'is refused, while its new root stays: %s',
    async (holding) => {
      const { sim } = await handOver(holding);
      const device = tufDevice(sim);

      await expect(device.refresh()).rejects.toEqual(refusal('threshold_not_met'));
      expect(device.store.files.get(role)).toBeUndefined();
      expect(device.store.floors().root).toBe(2);
    },
  );
});
