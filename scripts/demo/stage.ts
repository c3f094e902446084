import type { Screen } from './screen.ts';

/** What a step found: a sentence for people, facts for `--json`, and what later steps need. */
export interface Told<T> {
  readonly says: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly value: T;
}

/** Something that happened to a device and belongs into the last table. */
export interface Happening {
  readonly device: string;
  readonly what: 'refused' | 'rolled back';
  readonly version: string;
  readonly why: string;
}

/** How a step ended, as `--json` prints it. */
export type StepResult =
  | ({
      readonly ok: true;
      readonly seconds: number;
      readonly says: string;
    } & Told<unknown>['facts'])
  | { readonly ok: false; readonly seconds: number; readonly error: string };

/** Where steps are played, one after the other. */
export interface Stage {
  /** Plays a step under its `--json` name; its error ends the story and is kept as its result. */
  readonly step: <T>(name: string, title: string, play: () => Promise<Told<T>>) => Promise<T>;
  /** The steps that were played, in order. */
  readonly results: ReadonlyMap<string, StepResult>;
}

/** A stage before a screen. */
export function openStage(screen: Screen): Stage {
  const results = new Map<string, StepResult>();
  const step: Stage['step'] = async (name, title, play) => {
    const startedAt = performance.now();
    const seconds = (): number => Math.round(performance.now() - startedAt) / 1_000;
    screen.begin(title);
    try {
      const { says, facts, value } = await play();
      results.set(name, { ok: true, seconds: seconds(), says, ...facts });
      screen.done(says, seconds());
      return value;
    } catch (cause) {
      const error = cause instanceof Error ? cause.message : String(cause);
      results.set(name, { ok: false, seconds: seconds(), error });
      screen.failed(error, seconds());
      throw cause;
    }
  };
  return { step, results };
}

/** A claim of the demo that did not hold. */
export class BrokenClaim extends Error {
  override readonly name = 'BrokenClaim';
}

/** Checks what a step claims; a claim that does not hold ends the demo with exit code 1. */
export function claim(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new BrokenClaim(`this does not hold: ${sentence}`);
}
