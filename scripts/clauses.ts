// `node --import tsx scripts/clauses.ts [WORDS]`: from a clause of the specification to the lines that
// keep it and the test that shows it, and from an attack to the files that play it. With WORDS, only
// what holds them: `TUF 5.4`, `A13`, `rollback`.
import { ATTACK_ROWS } from './spec/attack-rows.ts';
import { readEvidence } from './spec/evidence.ts';
import { WORKFLOW } from './spec/workflow.ts';

const wanted = process.argv.slice(2).join(' ').toLowerCase();
const { byRow, linesOf } = await readEvidence();

const clauses = WORKFLOW.map(({ clause, asks, file, test }) =>
  [`${clause}  ${asks}`, ...linesOf(clause), `${file}: ${test}`].join('\n    '),
);
const attacks = [...byRow].map(([row, files]) =>
  [`${row}  ${ATTACK_ROWS[row]}`, ...files].join('\n    '),
);
for (const entry of [...clauses, ...attacks]) {
  if (entry.toLowerCase().includes(wanted)) console.log(entry);
}
