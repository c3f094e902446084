import type { MetadataStore } from './repository.ts';

/** A store that shows its changes at once and keeps them only when it is told to. */
export interface StagedStore {
  readonly store: MetadataStore;
  /** Makes all changes in the store below, in the order in which they were asked for. */
  readonly keep: () => Promise<void>;
}

/** Changes to `below` that may still be dropped: nothing has happened to it before `keep`. */
export function stagedStore(below: MetadataStore): StagedStore {
  const files = new Map<string, Uint8Array | undefined>();
  const changes: (() => Promise<void>)[] = [];
  let floors: ReturnType<MetadataStore['loadFloors']> | undefined;
  const change = (make: () => Promise<void>): Promise<void> => {
    changes.push(make);
    return Promise.resolve();
  };
  return {
    store: {
      load: (role) => (files.has(role) ? Promise.resolve(files.get(role)) : below.load(role)),
      save: (role, bytes) => {
        files.set(role, bytes);
        return change(() => below.save(role, bytes));
      },
      remove: (role) => {
        files.set(role, undefined);
        return change(() => below.remove(role));
      },
      loadFloors: () => floors ?? below.loadFloors(),
      saveFloors: (raised) => {
        floors = Promise.resolve(raised);
        return change(() => below.saveFloors(raised));
      },
    },
    keep: async () => {
      for (const make of changes) await make();
    },
  };
}
