import { join } from 'node:path';

/** What lies where in the state folder. */
export interface StatePaths {
  readonly lock: string;
  /** Without ending: kept twice. */
  readonly key: string;
  readonly state: string;
  readonly floors: string;
  readonly reach: string;
  readonly metadata: { readonly image: string; readonly director: string };
  readonly manifests: string;
  readonly downloads: string;
  readonly outbox: string;
  /** What releases brought where local state is allowed (drift/local-state.ts). */
  readonly local: string;
  /** The folders that update modules work in, and what is noted of them, kept twice. */
  readonly modules: { readonly trees: string; readonly journal: string };
}

/** The paths of a state folder. */
export function statePaths(stateDir: string): StatePaths {
  const at = (...names: string[]): string => join(stateDir, ...names);
  return {
    lock: at('lock'),
    key: at('device-key'),
    state: at('state'),
    floors: at('floors'),
    reach: at('reach'),
    metadata: { image: at('metadata', 'image'), director: at('metadata', 'director') },
    manifests: at('manifests'),
    downloads: at('downloads'),
    outbox: at('outbox'),
    local: at('local'),
    modules: { trees: at('modules'), journal: at('modules-journal') },
  };
}
