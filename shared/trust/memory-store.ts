import { NO_FLOORS, type RepositoryFloors } from './floors.ts';
import type { MetadataStore } from './repository.ts';

/** A store that lives as long as one verification: for a gate that starts from nothing, and tests. */
export interface MemoryStore extends MetadataStore {
  readonly files: Map<string, Uint8Array>;
  readonly floors: () => RepositoryFloors;
}

/** An empty store: a device on its first day. */
export function memoryStore(): MemoryStore {
  const files = new Map<string, Uint8Array>();
  let floors = NO_FLOORS;
  return {
    files,
    floors: () => floors,
    load: (role) => Promise.resolve(files.get(role)),
    save: (role, bytes) => Promise.resolve(void files.set(role, bytes)),
    remove: (role) => Promise.resolve(void files.delete(role)),
    loadFloors: () => Promise.resolve(floors),
    saveFloors: (raised) => {
      floors = raised;
      return Promise.resolve();
    },
  };
}
