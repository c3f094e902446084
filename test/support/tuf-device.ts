import { expect } from 'vitest';
import type { TargetFile } from '../../shared/metadata/targets.ts';
import { plainFloors } from '../../shared/trust/floors.ts';
import { findTarget } from '../../shared/trust/find-target.ts';
import { memoryStore, type MemoryStore } from '../../shared/trust/memory-store.ts';
import { refresh } from '../../shared/trust/refresh.ts';
import type { Profile } from '../../shared/trust/profile.ts';
import type { RefusalCode } from '../../shared/trust/refusal.ts';
import type { Repository, TrustedRepository } from '../../shared/trust/repository.ts';
import { NOON, type Simulator } from './repository-simulator.ts';

/** A device that follows one simulated repository, with its disk in memory. */
export interface TufDevice {
  readonly store: MemoryStore;
  readonly refresh: (startedAt?: Date) => Promise<TrustedRepository>;
  readonly find: (path: string, startedAt?: Date) => Promise<TargetFile | undefined>;
  /** Everything on its disk, to compare before and after an attack. */
  readonly disk: () => string;
}

/** A device provisioned with root version 1 of `sim`. */
export function tufDevice(sim: Simulator, profile?: Profile): TufDevice {
  const store = memoryStore();
  const repository = (startedAt: Date): Repository => ({
    name: 'image',
    fetch: sim.fetch,
    store,
    firstRoot: sim.roots[0] ?? new Uint8Array(),
    startedAt,
    profile,
  });
  return {
    store,
    refresh: (startedAt = NOON) => refresh(repository(startedAt)),
    find: async (path, startedAt = NOON) => {
      const ours = repository(startedAt);
      return findTarget(ours, await refresh(ours), path);
    },
    disk: () => {
      const files = [...store.files].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]);
      return JSON.stringify([files.sort(), plainFloors(store.floors())]);
    },
  };
}

/** Matches the refusal with exactly this code. */
export function refusal(code: RefusalCode): unknown {
  return expect.objectContaining({ name: 'Refusal', code });
}
