import { BundleSchema, bundleAsFetch } from '../../shared/protocol/bundle.ts';
import { acceptDirectorTargets, type DirectorWord } from '../../shared/trust/director.ts';
import { memoryStore, type MemoryStore } from '../../shared/trust/memory-store.ts';
import { refresh } from '../../shared/trust/refresh.ts';

/** A device that keeps what it verified of the director, and tells what it is told. */
export interface ToldDevice {
  readonly store: MemoryStore;
  /** Verifies a bundle as a device does; throws its refusal. */
  readonly hear: (bundle: Uint8Array, startedAt: Date, nonce?: string) => Promise<DirectorWord>;
}

/** A device with this id that was provisioned with this director root. */
export function toldDevice(deviceId: string, firstRoot: Uint8Array): ToldDevice {
  const store = memoryStore();
  return {
    store,
    hear: async (bundle, startedAt, nonce) => {
      const text = Buffer.from(bundle).toString('utf8');
      const fetch = bundleAsFetch(BundleSchema.parse(JSON.parse(text)));
      const director = { name: 'director', fetch, store, firstRoot, startedAt } as const;
      const { targets, root } = await refresh(director);
      return acceptDirectorTargets(targets, root, { deviceId, nonce });
    },
  };
}
