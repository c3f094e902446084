import type { KeptTwice } from '../install/kept-twice.ts';
import { ModuleFailure } from './module-failure.ts';
import { NO_MODULES, type ModuleEntry, type ModuleJournal } from './module-journal.ts';
import { nameOf } from './module-runner.ts';

/** The journal of one release, at hand. */
export interface ModuleLog {
  readonly entries: () => readonly ModuleEntry[];
  /** Durable when it returns. Adds the entry of a component that has none yet. */
  readonly note: (entry: ModuleEntry) => Promise<ModuleEntry>;
}

/** Opens the journal of a release. That of another one is no concern of it. */
export async function openModuleLog(
  journal: KeptTwice<ModuleJournal>,
  manifestSha256: string,
): Promise<ModuleLog> {
  const stored = (await journal.load()) ?? NO_MODULES;
  let entries = stored.manifestSha256 === manifestSha256 ? stored.entries : [];
  return {
    entries: () => entries,
    note: async (entry) => {
      const isKnown = entries.some(({ component }) => component === entry.component);
      const exchanged = entries.map((old) => (old.component === entry.component ? entry : old));
      entries = isKnown ? exchanged : [...entries, entry];
      await journal.save({ ...NO_MODULES, manifestSha256, entries: [...entries] });
      return entry;
    },
  };
}

const CUT_SHORT: Readonly<Partial<Record<ModuleEntry['phase'], string>>> = {
  installing: 'ArtifactInstall',
  verifying: 'ArtifactVerifyReboot',
  committing: 'ArtifactCommit',
};

/**
 * What was cut short is never called again: a module may do half of a thing twice, but nobody can
 * ask that of it. Mender's rule, and the way back from there is its rollback.
 */
export function requireUninterrupted({ entries }: Pick<ModuleLog, 'entries'>): void {
  for (const entry of entries()) {
    const state = CUT_SHORT[entry.phase];
    if (state === undefined) continue;
    throw new ModuleFailure(
      'module_interrupted',
      `the device restarted unexpectedly while ${nameOf(entry)} was in ${state}`,
    );
  }
}
