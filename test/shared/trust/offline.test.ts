// A8: for how long a word may hold that is carried to a device, and that it goes its own way only.
import { describe, expect, test } from 'vitest';
import type { RootFile } from '../../../shared/metadata/root.ts';
import { acceptFirstRoot } from '../../../shared/trust/root.ts';
import {
  MAX_OFFLINE_DAYS,
  offlineDays,
  requireManner,
  withOfflineDays,
  type Manner,
} from '../../../shared/trust/offline.ts';
import { NOON, simulateRepository } from '../../support/repository-simulator.ts';
import { refusal } from '../../support/tuf-device.ts';

async function rootSaying(field: unknown): Promise<RootFile> {
  const { root } = await simulateRepository();
  return { ...root, 'x-sealift': field };
}

describe('a root', () => {
  test.each([
    [{ offline: { maxDays: 1 } }, 1],
    [{ offline: { maxDays: MAX_OFFLINE_DAYS, more: 1 }, more: 1 }, 90],
    [undefined, 0],
    ['30', 0],
    [{}, 0],
    [{ offline: {} }, 0],
    [{ offline: { maxDays: 0 } }, 0],
    [{ offline: { maxDays: 1.5 } }, 0],
    [{ offline: { maxDays: '30' } }, 0],
    [{ offline: { maxDays: MAX_OFFLINE_DAYS + 1 } }, 0],
  ])('that says %j allows %i days', async (field, days) => {
    expect(offlineDays(await rootSaying(field))).toBe(days);
  });

  test('keeps what else it says when it allows days, and when it takes them back', async () => {
    const before = await rootSaying({ holders: { a: 1 }, offline: { maxDays: 3 } });

    expect(withOfflineDays(before, 30)).toEqual({
      ...before,
      'x-sealift': { holders: { a: 1 }, offline: { maxDays: 30 } },
    });
    expect(withOfflineDays(before, 0)['x-sealift']).toEqual({ holders: { a: 1 } });
  });

  test('that says something else altogether can still allow days', async () => {
    expect(withOfflineDays(await rootSaying('holders'), 7)['x-sealift']).toEqual({
      offline: { maxDays: 7 },
    });
  });
});

describe('a word of the director', () => {
  const DAY = 86_400_000;

  async function check(manner: Partial<Manner>, allowed = 30): Promise<void> {
    const sim = await simulateRepository();
    sim.root = withOfflineDays(sim.root, allowed);
    await sim.publishRoot();
    requireManner(acceptFirstRoot(sim.roots[1] ?? Buffer.of()).content, {
      isForOffline: true,
      isHandedOver: true,
      serverTime: NOON,
      expires: new Date(NOON.getTime() + 30 * DAY),
      ...manner,
    });
  }

  test('to be carried, that is handed over, may hold for as long as the root allows', async () => {
    await expect(check({})).resolves.toBeUndefined();
  });

  test('for the network, that came over it, may hold for however long', async () => {
    await expect(check({ isForOffline: false, isHandedOver: false }, 0)).resolves.toBeUndefined();
  });

  test.each([
    {
      which: 'to be carried, that came over the network',
      manner: { isHandedOver: false },
      code: 'offline_word_online',
      sentence: 'a word for devices that cannot ask came as an answer',
    },
    {
      which: 'for the network, that is handed over',
      manner: { isForOffline: false },
      code: 'offline_not_granted',
      sentence: 'the word was not signed to be carried to a device',
    },
    {
      which: 'that holds a second longer than the root allows',
      manner: { expires: new Date(NOON.getTime() + 30 * DAY + 1_000) },
      code: 'offline_not_granted',
      sentence: "the word holds for 31 days, the director's root allows 30",
    },
    {
      which: 'of a root that allows nothing',
      manner: {},
      allowed: 0,
      code: 'offline_not_granted',
      sentence: "the word holds for 30 days, the director's root allows 0",
    },
  ] as const)('$which is refused', async ({ manner, code, sentence, ...root }) => {
    const allowed = 'allowed' in root ? root.allowed : 30;

    await expect(check(manner, allowed)).rejects.toEqual(refusal(code));
    await expect(check(manner, allowed)).rejects.toThrow(sentence);
  });
});
