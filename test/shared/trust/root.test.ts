import { describe, expect, test } from 'vitest';
import type { Root } from '../../../shared/metadata/root.ts';
import { held } from '../../../shared/trust/held.ts';
import { Refusal } from '../../../shared/trust/refusal.ts';
import { acceptFirstRoot, rotatesOnlineKeys } from '../../../shared/trust/root.ts';
import { simulateRepository } from '../../support/repository-simulator.ts';
import { testKey } from '../../support/test-key.ts';
import { refusal } from '../../support/tuf-device.ts';

type Role = 'timestamp' | 'snapshot' | 'targets';

/** A root in which `role` has these keys. */
async function rootWith(role: Role, names: readonly string[], threshold = 1): Promise<Root> {
  const sim = await simulateRepository();
  sim.setKeys(role, names.map(testKey), threshold);
  await sim.publishRoot();
  return acceptFirstRoot(sim.roots[1] ?? Buffer.of()).content;
}

describe.each(['timestamp', 'snapshot'] as const)('a next root with other keys for %s', (role) => {
  test.each([
    [['a'], 1, ['b'], 1],
    [['a'], 1, ['a', 'b'], 1],
    [['a', 'b'], 1, ['a'], 1],
    [['a', 'b'], 1, ['a', 'b'], 2],
  ])('rotates: %j, %i of them, to %j, %i of them', async (before, least, after, next) => {
    expect(
      rotatesOnlineKeys(await rootWith(role, before, least), await rootWith(role, after, next)),
    ).toBe(true);
  });

  test('does not rotate when only their order is another', async () => {
    expect(
      rotatesOnlineKeys(
        await rootWith(role, ['a', 'b', 'c']),
        await rootWith(role, ['c', 'a', 'b']),
      ),
    ).toBe(false);
  });

  test('rotates when a key is named that the root does not have', async () => {
    const before = await rootWith(role, ['a']);
    const naming = (id: string): Root => ({
      ...before,
      roles: { ...before.roles, [role]: { keyids: [id], threshold: 1 } },
    });

    expect(rotatesOnlineKeys(naming('unknown'), naming('other'))).toBe(true);
    expect(rotatesOnlineKeys(naming('unknown'), naming('unknown'))).toBe(false);
  });
});

test('other keys for targets rotate nothing that is online', async () => {
  expect(
    rotatesOnlineKeys(await rootWith('targets', ['a']), await rootWith('targets', ['b'])),
  ).toBe(false);
});

describe('the same key under another id', () => {
  test('is no other key', async () => {
    const before = await rootWith('timestamp', ['a']);
    const key = testKey('a');
    const named = (id: string): Root => ({
      ...before,
      keys: new Map([...before.keys, [id, key.publicKey]]),
      roles: { ...before.roles, timestamp: { keyids: [id], threshold: 1 } },
    });

    expect(rotatesOnlineKeys(named('one name'), named('another name'))).toBe(false);
  });
});

test.each([
  ['is no JSON', Buffer.from('{'), /^root: /],
  ['has no envelope', Buffer.from('{}'), /^root at signatures: /],
  ['has no content', Buffer.from('{"signatures":[],"signed":{}}'), /^root at /],
])('a root that %s is malformed, and says so', (_what, bytes, sentence) => {
  expect(() => acceptFirstRoot(bytes)).toThrow(refusal('metadata_malformed'));
  expect(() => acceptFirstRoot(bytes)).toThrow(sentence);
});

test('a first root must hold by its own keys, and may have expired', async () => {
  const sim = await simulateRepository();
  sim.root.expires = '1999-01-01T00:00:00Z';
  await sim.publishRoot();
  expect(acceptFirstRoot(sim.roots[1] ?? Buffer.of()).content.version).toBe(2);

  await sim.publishRoot([testKey('mallory')]);
  const forged = (): unknown => acceptFirstRoot(sim.roots[2] ?? Buffer.of());
  expect(forged).toThrow(refusal('threshold_not_met'));
  expect(forged).toThrow('root v3 is signed by 0 of the 1 keys it needs');
});

describe('a copy of ours', () => {
  const failing = (error: Error) => (): number => {
    throw error;
  };

  test('that is refused is simply not there', () => {
    expect(held(() => 7)).toBe(7);
    expect(held(failing(new Refusal('metadata_expired', 'old')))).toBeUndefined();
  });

  test('does not hide a bug', () => {
    expect(() => held(failing(new Error('bug: this')))).toThrow('bug: this');
  });
});
