import type { Stage } from '../demo/stage.ts';
import type { Author } from '../fleet/author.ts';
import type { Board } from './board.ts';
import type { Published } from './images.ts';

/** What the steps on the board play with. */
export interface RigScene {
  readonly stage: Stage;
  readonly board: Board;
  readonly author: Author;
  /** Everything that was published so far, by version. */
  readonly releases: Map<string, Published>;
  readonly interrupted: AbortSignal;
  readonly tell: (line: string) => void;
}
