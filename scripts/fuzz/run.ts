import { canonicalBytes, canonicalFile } from '../../shared/metadata/canonical-json.ts';
import { parseStrictJson } from '../../shared/metadata/strict-json.ts';
import { diceFrom, mutate } from './mutate.ts';
import { isExpected, PARSERS } from './parsers.ts';

/** What a run found: nothing, or an input that broke a promise. */
export interface Finding {
  readonly parser: string;
  readonly input: Uint8Array;
  readonly error: unknown;
}

/** How long to go on, from which seed. */
export interface FuzzOptions {
  readonly seed: number;
  /** Asked between inputs. */
  readonly goOn: (inputs: number) => boolean;
}

/** Feeds changed seeds to every parser until told to stop or one breaks its promise. */
export function fuzz(
  seeds: readonly Uint8Array[],
  { seed, goOn }: FuzzOptions,
): { readonly inputs: number; readonly finding: Finding | undefined } {
  const dice = diceFrom(seed);
  const pick = (): Uint8Array => seeds[dice(seeds.length)] ?? Buffer.of();
  let inputs = 0;
  while (goOn(inputs)) {
    const input = mutate(pick(), pick(), dice);
    inputs += 1;
    const finding = tryAll(input);
    if (finding !== undefined) return { inputs, finding };
  }
  return { inputs, finding: undefined };
}

/** The first parser that throws what it must not at these bytes, or reads them as others do not. */
export function tryAll(input: Uint8Array): Finding | undefined {
  for (const [parser, parse] of [...PARSERS, ['one reading', requireOneReading] as const]) {
    try {
      parse(input);
    } catch (error) {
      if (!isExpected(error)) return { parser, input, error };
    }
  }
  return undefined;
}

/** What we accept, `JSON.parse` reads alike, and so do we when it was written again. */
function requireOneReading(input: Uint8Array): void {
  const ours = parseStrictJson(input);
  const form = canonicalBytes(ours);
  const theirs = canonicalBytes(JSON.parse(Buffer.from(input).toString('utf8')));
  const again = canonicalBytes(parseStrictJson(canonicalFile(ours)));
  if (!Buffer.from(form).equals(theirs)) throw new Error('JSON.parse reads it otherwise');
  if (!Buffer.from(form).equals(again)) throw new Error('written again, it says something else');
}
