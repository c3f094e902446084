import type { Installer } from '../../agent/install/installer.ts';
import type { ModuleDeps } from '../../agent/modules/module-deps.ts';
import { newEntry, NO_MODULES, type ModuleJournal } from '../../agent/modules/module-journal.ts';
import { openModuleLog } from '../../agent/modules/module-log.ts';
import type { ModuleQuery, ModuleState } from '../../agent/modules/module-runner.ts';
import { DIGESTS, type Content } from './failing-content.ts';

/** What modules have on the disk of a device: one place each, and what stood there before. */
export interface ModuleDisk {
  journal: ModuleJournal;
  readonly live: Map<string, Content>;
  readonly backups: Map<string, Content>;
}

/** Every change of the disk is one step, which may fail. */
export type Write = (apply: () => unknown) => Promise<void>;

/** A disk on which the old release of these components stands. */
export function moduleDisk(components: readonly string[]): ModuleDisk {
  return {
    journal: NO_MODULES,
    live: new Map(components.map((name) => [name, 'old'])),
    backups: new Map(),
  };
}

/** Modules that do as Mender's do: keep what stood there, put the new in place, bring the old back. */
export function failingModules(
  disk: ModuleDisk,
  write: Write,
  reboot: 'Yes' | 'No',
): { readonly deps: ModuleDeps; readonly installer: Installer } {
  const journal: ModuleDeps['journal'] = {
    load: () => Promise.resolve(disk.journal),
    save: (value) => write(() => (disk.journal = value)),
  };
  const contentOf = (component: string): Content => disk.live.get(component) ?? 'half';
  const run = async (component: string, state: ModuleState): Promise<void> => {
    if (state === 'ArtifactInstall') {
      await write(() => disk.backups.set(component, contentOf(component)));
      await write(() => disk.live.set(component, 'half'));
      await write(() => disk.live.set(component, 'new'));
    } else if (state === 'ArtifactRollback') {
      const backup = disk.backups.get(component);
      if (backup !== undefined) await write(() => disk.live.set(component, backup));
    } else if (state === 'Cleanup') {
      await write(() => disk.backups.delete(component));
    } else await write(() => undefined);
  };
  const ask = (component: string, query: ModuleQuery): string => {
    if (query === 'SupportsRollback') return 'Yes';
    if (query === 'NeedsArtifactReboot') return reboot;
    return query === 'ProvideInstalledDigest' ? DIGESTS[contentOf(component)] : '';
  };
  return {
    deps: {
      runner: {
        run: ({ component }, state) => run(component, state),
        ask: ({ component }, query) => Promise.resolve(ask(component, query)),
      },
      journal,
      treeOf: (component) => component,
      removeTrees: () => write(() => undefined),
      reboot: { command: [], folder: '', patienceMs: 0, untilEnd: () => Promise.resolve() },
      bootId: 'one life',
      onRun: () => undefined,
      endLeftovers: () => Promise.resolve(),
      log: () => undefined,
    },
    installer: {
      accept: () => Promise.resolve(),
      check: () => Promise.resolve(),
      install: async ({ component, release }) => {
        const log = await openModuleLog(journal, release.manifestSha256);
        const entry = await log.note(newEntry(component, 'keeper'));
        await log.note({ ...entry, phase: 'staged' });
        return { sha256: null, length: null };
      },
      measure: () => Promise.resolve(undefined),
    },
  };
}
