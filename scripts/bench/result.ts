/** One measured number. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** A number against something real in the same run, and what the project wants of it. */
export interface Ratio extends Omit<Figure, 'unit'> {
  /** Undefined: told, not judged. */
  readonly wanted: { readonly atLeast: number } | { readonly atMost: number } | undefined;
}

/** What a benchmark found; or why it could not run here. */
export type BenchResult =
  | {
      readonly kind: 'measured';
      readonly figures: readonly Figure[];
      readonly ratios: readonly Ratio[];
      /** What must never be found. Where this is present, a ratio that is not held fails the run. */
      readonly findings?: readonly string[];
    }
  | { readonly kind: 'skipped'; readonly why: string };

/** Whether a ratio is as good as wanted. */
export function holds({ value, wanted }: Ratio): boolean {
  if (wanted === undefined) return true;
  return 'atLeast' in wanted ? value >= wanted.atLeast : value <= wanted.atMost;
}

/** The middle one: a noisy neighbour spoils a mean, not a median. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  const next = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (middle === undefined || next === undefined) throw new Error('bug: median of nothing');
  return (middle + next) / 2;
}
