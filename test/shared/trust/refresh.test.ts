// TUF 5.3 to 5.6 as a device lives through it: what it starts from, what it asks for again, what it writes.
import { describe, expect, test } from 'vitest';
import { memoryStore, type MemoryStore } from '../../../shared/trust/memory-store.ts';
import { refresh } from '../../../shared/trust/refresh.ts';
import type { Repository } from '../../../shared/trust/repository.ts';
import { NOON, simulateRepository, type Simulator } from '../../support/repository-simulator.ts';
import { testKey } from '../../support/test-key.ts';
import { refusal, tufDevice } from '../../support/tuf-device.ts';

function rootOf(sim: Simulator, version: number): Uint8Array {
  return sim.roots[version - 1] ?? Buffer.of();
}

/** Names what is asked for from now on. */
function listen(sim: Simulator): readonly string[] {
  sim.fetched.length = 0;
  return sim.fetched;
}

/** A device that came with root `version`, and what it writes while it follows the repository. */
function watched(
  sim: Simulator,
  version = 1,
  changes: Partial<Repository> = {},
): {
  readonly store: MemoryStore;
  readonly written: string[];
  readonly go: () => Promise<unknown>;
} {
  const store = memoryStore();
  const written: string[] = [];
  const repository: Repository = {
    name: 'image',
    fetch: sim.fetch,
    firstRoot: rootOf(sim, version),
    startedAt: NOON,
    store: {
      ...store,
      save: (role, bytes) => {
        written.push(role);
        return store.save(role, bytes);
      },
      saveFloors: (floors) => {
        written.push('floors');
        return store.saveFloors(floors);
      },
    },
    ...changes,
  };
  return { store, written, go: () => refresh(repository) };
}

describe('a device that follows a repository', () => {
  test('writes what is new, each floor before its file', async () => {
    const sim = await simulateRepository();
    await sim.publishRoot();
    const { written, go } = watched(sim);

    await go();

    expect(written).toEqual(
      ['root', 'timestamp', 'snapshot', 'targets'].flatMap((role) => ['floors', role]),
    );
  });

  test('writes nothing when nothing is new: flash wears out', async () => {
    const sim = await simulateRepository();
    const { written, go } = watched(sim);
    await go();
    written.length = 0;
    const asked = listen(sim);

    await go();

    expect(written).toEqual([]);
    expect(asked).toEqual(['2.root.json', 'timestamp.json']);
  });

  test('says that a snapshot without targets lost them', async () => {
    const sim = await simulateRepository();
    sim.claims.set('targets.json', null);

    await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('role_removed'));
  });
});

test('a device that lost its timestamp takes no other of the same number', async () => {
  const sim = await simulateRepository();
  const device = tufDevice(sim);
  await device.refresh();
  device.store.files.delete('timestamp');
  await expect(device.refresh()).resolves.toBeDefined();

  device.store.files.delete('timestamp');
  sim.timestamp.expires = '2026-06-09T00:00:00Z';
  await expect(device.refresh()).rejects.toEqual(refusal('version_reused'));
  await expect(device.refresh()).rejects.toThrow(
    'timestamp v1 was verified before with other content',
  );
});

describe('the root that a device starts from', () => {
  async function threeRoots(): Promise<Simulator> {
    const sim = await simulateRepository();
    await sim.publishRoot();
    await sim.publishRoot();
    return sim;
  }

  test.each([
    ['the one it came with', 1, undefined, '2.root.json'],
    ['the one it kept, when that is newer', 1, 3, '4.root.json'],
    ['the one it came with, when that is newer', 3, 2, '4.root.json'],
  ])('is %s', async (_which, came, kept, asksFor) => {
    const sim = await threeRoots();
    const { store, go } = watched(sim, came);
    if (kept !== undefined) await store.save('root', rootOf(sim, kept));
    const asked = listen(sim);

    await go();

    expect(asked[0]).toBe(asksFor);
  });

  test('is the one it came with, when another of the same number lies on its disk', async () => {
    const sim = await simulateRepository();
    const mallory = await simulateRepository();
    for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const) {
      mallory.setKeys(role, [testKey(`mallory ${role}`)]);
    }
    mallory.root.version = 0;
    await mallory.publishRoot();
    const { store, go } = watched(sim);
    await store.save('root', mallory.roots.at(-1) ?? Buffer.of());

    await expect(go()).resolves.toMatchObject({ root: { version: 1 } });
  });

  test('is the one it came with, when what it kept no longer reads', async () => {
    const sim = await threeRoots();
    const { store, go } = watched(sim);
    await store.save('root', Buffer.from('{'));

    await expect(go()).resolves.toMatchObject({ root: { version: 3 } });
  });

  test('is never older than one it has verified', async () => {
    const sim = await simulateRepository();
    const device = tufDevice(sim);
    await sim.publishRoot();
    await device.refresh();
    device.store.files.clear();
    sim.roots.pop();

    await expect(device.refresh()).rejects.toThrow('root v1 is older than trusted v2');
  });
});

describe.each(['timestamp', 'snapshot'] as const)('a root with another key for %s', (role) => {
  /** Its old key still counts, so the old copy still reads; and the number stays. */
  async function rotated(): Promise<{
    readonly sim: Simulator;
    readonly device: MemoryStore;
    readonly written: readonly string[];
  }> {
    const sim = await simulateRepository();
    sim.namesHashes = false;
    const { store, written, go } = watched(sim);
    await go();
    written.length = 0;
    sim.setKeys(role, [testKey(role), testKey('another')]);
    await sim.publishRoot();
    sim.timestamp.expires = '2026-06-09T00:00:00Z';
    sim.snapshot.expires = '2026-06-09T00:00:00Z';
    listen(sim);
    await go();
    return { sim, device: store, written };
  }

  test('takes force from the timestamp that was kept', async () => {
    const { device } = await rotated();

    expect(String(device.files.get('timestamp'))).toContain('2026-06-09');
  });

  test('takes force from the snapshot that was kept', async () => {
    const { sim, device } = await rotated();

    expect(sim.fetched).toContain('1.snapshot.json');
    expect(String(device.files.get('snapshot'))).toContain('2026-06-09');
  });

  test('leaves the targets that were kept, and sets their floor again', async () => {
    const { sim, device, written } = await rotated();

    expect(sim.fetched).not.toContain('1.targets.json');
    expect(written.filter((role) => role !== 'floors')).toEqual(['root', 'timestamp', 'snapshot']);
    expect(device.floors().roles.get('targets')).toMatchObject({ version: 1 });
  });
});

describe('what somebody else asked for', () => {
  const EVENING = new Date('2026-06-01T18:00:00Z');
  const AFTERNOON = '2026-06-01T15:00:00Z';

  async function expiring(role: 'timestamp' | 'snapshot' | 'targets' | 'root'): Promise<Simulator> {
    const sim = await simulateRepository();
    sim[role].expires = AFTERNOON;
    if (role === 'root') await sim.publishRoot();
    return sim;
  }

  test.each(['timestamp', 'snapshot'] as const)(
    'a %s that was fresh when it was asked for is fresh enough, and else it is not',
    async (role) => {
      const sim = await expiring(role);
      const at = (askedAt?: Date): (() => Promise<unknown>) =>
        watched(sim, 1, { startedAt: EVENING, askedAt }).go;

      await expect(at(NOON)()).resolves.toBeDefined();
      await expect(at(EVENING)()).rejects.toEqual(refusal('metadata_expired'));
      await expect(at()()).rejects.toEqual(refusal('metadata_expired'));
    },
  );

  test.each(['root', 'targets'] as const)(
    'a %s, which people sign, is judged by the time it is now',
    async (role) => {
      const { go } = watched(await expiring(role), 1, { startedAt: EVENING, askedAt: NOON });

      await expect(go()).rejects.toEqual(refusal('metadata_expired'));
    },
  );
});
