// A clause in a comment is a claim that a reader will look up, and a refusal without a test is a
// claim that nobody has: both are checked here.
import { readFile } from 'node:fs/promises';
import { REFUSAL_CODES, REFUSALS } from '../shared/trust/refusal.ts';
import { fromRoot } from './root.ts';
import { ClausesSchema, findReferences, unknownReferences } from './spec/references.ts';
import { listSources } from './spec/sources.ts';
import { untestedCodes } from './spec/untested-codes.ts';

const clauses = ClausesSchema.parse(
  JSON.parse(await readFile(fromRoot('scripts/spec-clauses.json'), 'utf8')),
);
const shipped = await listSources(['shared', 'agent', 'server', 'operator']);
// The tests of this very check name clauses and refusals that do not exist.
const tests = (await listSources(['test'])).filter(({ path }) => !path.startsWith('test/scripts/'));

const references = [...shipped, ...tests].flatMap(findReferences);
const unknown = unknownReferences(references, clauses);
for (const { path, line, spec, clause } of unknown) {
  console.error(`${path}:${line}: ${spec} ${clauses[spec].version} has no clause ${clause}`);
}
const untested = untestedCodes(REFUSAL_CODES, tests);
for (const code of untested) {
  console.error(`no test names the refusal ${code} (${REFUSALS[code].clause})`);
}
console.log(`${references.length} references to TUF and Uptane, ${REFUSAL_CODES.length} refusals`);
if (unknown.length + untested.length > 0) process.exitCode = 1;
