import { LRUCache } from 'lru-cache';
import { sha256Hex } from '../../shared/crypto/digest.ts';

/** A file as it is sent again and again. */
export interface ServedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** Files of the repositories, kept in memory within a limit. */
export interface ServedFiles {
  readonly read: (name: string) => Promise<ServedFile | undefined>;
  /** Must be called after each publication: the timestamp is the one file that changes. */
  readonly forgetNewest: () => void;
}

const CACHE_BYTES = 64 * 1_024 * 1_024;
const NEWEST = 'timestamp.json';

/**
 * Reads files by name through a cache. What is not there is not remembered, or a stranger could fill
 * the cache with names; the next version of a file would also stay invisible.
 */
export function servedFiles(load: (name: string) => Promise<Uint8Array | undefined>): ServedFiles {
  const cache = new LRUCache<string, ServedFile>({
    maxSize: CACHE_BYTES,
    sizeCalculation: ({ bytes }) => Math.max(1, bytes.length),
  });
  let generation = 0;
  return {
    read: async (name) => {
      const cached = cache.get(name);
      if (cached !== undefined) return cached;
      const generationBefore = generation;
      const loaded = await load(name);
      if (loaded === undefined) return undefined;
      const bytes = new Uint8Array(loaded);
      const file = { bytes, etag: `"${sha256Hex(bytes)}"` };
      // Published meanwhile: what was loaded may already be old.
      if (generation === generationBefore) cache.set(name, file);
      return file;
    },
    forgetNewest: () => {
      generation += 1;
      cache.delete(NEWEST);
    },
  };
}
