import { readFile } from 'node:fs/promises';
import { fromRoot } from '../root.ts';
import { filesByRow, type AttackRow } from './attack-rows.ts';
import { ClausesSchema, findReferences, type Clauses, type Reference } from './references.ts';
import { listSources, type Source } from './sources.ts';

/** What our own sources say about both specifications. */
export interface Evidence {
  readonly clauses: Clauses;
  /** Every clause that a line of code or test names. */
  readonly references: readonly Reference[];
  readonly tests: readonly Source[];
  /** The tests below `test/attacks`. */
  readonly attacks: readonly Source[];
  readonly byRow: ReadonlyMap<AttackRow, readonly string[]>;
  /** `path:line` of what we ship, for `TUF 5.3.4`. */
  readonly linesOf: (clause: string) => readonly string[];
}

/** Reads all our sources once. */
export async function readEvidence(): Promise<Evidence> {
  const text = await readFile(fromRoot('scripts/spec-clauses.json'), 'utf8');
  const shipped = await listSources(['shared', 'agent', 'server', 'operator']);
  // The tests of this very check name clauses and refusals that do not exist.
  const tests = (await listSources(['test'])).filter(
    ({ path }) => !path.startsWith('test/scripts/'),
  );
  const attacks = tests.filter(({ path }) => path.startsWith('test/attacks/'));
  const inCode = shipped.flatMap(findReferences);
  return {
    clauses: ClausesSchema.parse(JSON.parse(text)),
    references: [...inCode, ...tests.flatMap(findReferences)],
    tests,
    attacks,
    byRow: filesByRow(attacks),
    linesOf: (wanted) =>
      inCode
        .filter(({ spec, clause }) => `${spec} ${clause}` === wanted)
        .map(({ path, line }) => `${path}:${line}`),
  };
}
