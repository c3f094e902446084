import type { KeptTwice } from '../install/kept-twice.ts';
import type { Log } from '../log.ts';
import type { ModuleJournal } from './module-journal.ts';
import type { ModuleRunner } from './module-runner.ts';

/** How a device is rebooted for its modules. */
interface RebootDeps {
  readonly command: readonly string[];
  readonly folder: string;
  readonly patienceMs: number;
  /** Waits for the end: throws when the agent is told to end, comes back when nothing happened. */
  readonly untilEnd: (milliseconds: number) => Promise<void>;
}

/** What driving the modules of an update needs. */
export interface ModuleDeps {
  readonly runner: ModuleRunner;
  readonly journal: KeptTwice<ModuleJournal>;
  /** The folder that a module works in. */
  readonly treeOf: (component: string) => string;
  /** Removes all those folders. */
  readonly removeTrees: () => Promise<void>;
  readonly reboot: RebootDeps;
  /** Told apart by Linux, one a boot. */
  readonly bootId: string;
  /** Something is about to run, for this long at most. */
  readonly onRun: (milliseconds: number) => void;
  /** Ends what an earlier agent, killed in the midst of it, may have left running. */
  readonly endLeftovers: () => Promise<void>;
  readonly log: Log;
}
