// A clause in a comment is a claim that a reader will look up, and a refusal without an attack is a
// claim that nobody has: both are checked here. scripts/clauses.ts shows what was found.
import { REFUSALS } from '../shared/refusals/refusals.ts';
import { ATTACK_ROWS, strayRows } from './spec/attack-rows.ts';
import { readEvidence } from './spec/evidence.ts';
import { unknownReferences } from './spec/references.ts';
import { untestedCodes } from './spec/untested-codes.ts';
import { missingClauses, withoutTest, WORKFLOW } from './spec/workflow.ts';

const { clauses, references, tests, attacks, byRow, linesOf } = await readEvidence();

const faults = [
  ...unknownReferences(references, clauses).map(
    ({ path, line, spec, clause }) =>
      `${path}:${line}: ${spec} ${clauses[spec].version} has no clause ${clause}`,
  ),
  ...untestedCodes(Object.keys(REFUSALS) as (keyof typeof REFUSALS)[], attacks).map(
    (code) => `no file of test/attacks asserts the refusal ${code} (${REFUSALS[code].clause})`,
  ),
  ...[...byRow]
    .filter(([, files]) => files.length === 0)
    .map(([row]) => `no file of test/attacks plays ${row}: ${ATTACK_ROWS[row]}`),
  ...strayRows(attacks),
  ...missingClauses(WORKFLOW, clauses.TUF.clauses).map(
    (clause) => `scripts/spec/workflow.ts has no row for ${clause}`,
  ),
  ...WORKFLOW.filter(({ clause }) => linesOf(clause).length === 0).map(
    ({ clause, asks }) => `no line of our code names ${clause} (${asks})`,
  ),
  ...withoutTest(WORKFLOW, tests).map(
    ({ clause, file, test }) => `${clause} is said to be shown by "${test}", not in ${file}`,
  ),
];

for (const fault of faults) console.error(fault);
const codes = Object.keys(REFUSALS).length;
console.log(
  `${references.length} references to TUF and Uptane, ${WORKFLOW.length} clauses with their tests, ` +
    `${codes} refusals, ${byRow.size} attacks`,
);
if (faults.length > 0) process.exitCode = 1;
