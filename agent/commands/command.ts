import type { Config } from '../config/load-config.ts';
import type { Ambient } from '../ground.ts';

/** What a command is given. It answers the exit code. */
export interface Invocation {
  readonly config: Config;
  readonly ambient: Ambient;
  readonly once: boolean;
  readonly json: boolean;
  /** What the command is about: the bundle that `install` is given. */
  readonly subject: string | undefined;
}
