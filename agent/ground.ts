import type { BootControl } from './boot/boot-control.ts';
import type { Config } from './config/load-config.ts';
import type { FindInstaller } from './install/installer.ts';
import type { Server } from './link/server.ts';
import type { StatePaths } from './paths.ts';
import type { DeviceClock } from './verify/device-clock.ts';
import type { FloorsFile } from './verify/floors-file.ts';

/** Everything of the machine that only main.ts may touch, handed in. */
export interface Ambient {
  readonly now: () => Date;
  /** Does not jump when the clock is set. */
  readonly milliseconds: () => number;
  readonly random: () => number;
  /** What nobody can guess: 8 to 64 of `A-Z a-z 0-9 _ -`. */
  readonly nonce: () => string;
  readonly write: (line: string) => void;
  readonly signal: AbortSignal;
  readonly builtAt: Date;
  readonly version: string;
  readonly bootId: string;
}

/** What the stages of an update stand on. */
export interface Ground {
  readonly config: Config;
  readonly ambient: Ambient;
  readonly paths: StatePaths;
  readonly boot: BootControl;
  readonly floors: FloorsFile;
  readonly clock: DeviceClock;
  readonly server: Server;
  readonly findInstaller: FindInstaller;
}
