import { LRUCache } from 'lru-cache';

/** A signed bundle, ready to be sent: nothing is made anew for a device that has it already. */
export interface ReadyBundle {
  readonly etag: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** From when on it has to be signed again, in milliseconds since 1970. */
  readonly renewAt: number;
  readonly ok: ResponseInit;
  readonly notModified: ResponseInit;
}

/** Bundles by device, within a limit. */
export interface BundleCache {
  readonly get: (deviceId: string) => ReadyBundle | undefined;
  readonly forget: (deviceId: string) => void;
  readonly forgetAll: () => void;
  /** Notes what `load` finds, unless the device was forgotten while it looked. */
  readonly fill: (
    deviceId: string,
    load: () => Promise<ReadyBundle | undefined>,
  ) => Promise<ReadyBundle | undefined>;
}

/** About 3 KB each: 100,000 devices take 300 MB; a smaller server remembers fewer. */
export function bundleCache(maxBytes: number): BundleCache {
  const cache = new LRUCache<string, ReadyBundle>({
    maxSize: maxBytes,
    sizeCalculation: ({ bytes }) => bytes.length + ENTRY_OVERHEAD,
  });
  let forgotten = 0;
  return {
    get: (deviceId) => cache.get(deviceId),
    forget: (deviceId) => {
      forgotten += 1;
      cache.delete(deviceId);
    },
    forgetAll: () => {
      forgotten += 1;
      cache.clear();
    },
    fill: async (deviceId, load) => {
      const before = forgotten;
      const bundle = await load();
      // Signed anew while we looked: what was loaded may be the word before.
      if (bundle !== undefined && forgotten === before) cache.set(deviceId, bundle);
      return bundle;
    },
  };
}

const ENTRY_OVERHEAD = 512;
