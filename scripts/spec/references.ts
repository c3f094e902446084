import * as z from 'zod';
import type { Source } from './sources.ts';

const spec = z.object({ version: z.string(), clauses: z.array(z.string()) });

/** The clause numbers of the pinned versions of both specifications (spec-clauses.json). */
export const ClausesSchema = z.object({ TUF: spec, Uptane: spec });
export type Clauses = Readonly<z.infer<typeof ClausesSchema>>;

/** A clause that some line names. */
export interface Reference {
  readonly path: string;
  readonly line: number;
  readonly spec: 'TUF' | 'Uptane';
  readonly clause: string;
}

// "TUF 5.3 to 5.6", "TUF 4.2.1, 5.3.4": one name, then numbers. `1.0.34` and `1.0.x` are versions.
const MENTION = /\b(TUF|Uptane) (\d+(?:\.\d+)*(?:(?:, | and | to )\d+(?:\.\d+)+)*)/g;
const VERSION = /^(1\.0(\.34)?|2\.1\.0)$/;

/** Every clause of TUF or Uptane that the file names. */
export function findReferences({ path, text }: Source): readonly Reference[] {
  return text.split('\n').flatMap((line, index) =>
    [...line.matchAll(MENTION)].flatMap(([, name, numbers = '']) =>
      numbers
        .split(/, | and | to /)
        .filter((clause) => !VERSION.test(clause))
        .map((clause) => ({
          path,
          line: index + 1,
          spec: name === 'TUF' ? ('TUF' as const) : ('Uptane' as const),
          clause,
        })),
    ),
  );
}

/** The references that lead nowhere. */
export function unknownReferences(
  references: readonly Reference[],
  clauses: Clauses,
): readonly Reference[] {
  const known = { TUF: new Set(clauses.TUF.clauses), Uptane: new Set(clauses.Uptane.clauses) };
  return references.filter((reference) => !known[reference.spec].has(reference.clause));
}
