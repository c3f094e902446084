// `npm run fuzz [-- --seconds 600 --seed 7]`: throws changed files at every parser of shared/, longer
// than a test may. A finding is printed as base64: it becomes a seed and a test.
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz/run.ts';
import { seedCorpus } from './fuzz/seeds.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const seed = Number(values.seed);
const end = performance.now() + Number(values.seconds) * 1_000;
console.log(`seed ${seed}, ${values.seconds} s`);
const { inputs, finding } = fuzz(await seedCorpus(), { seed, goOn: () => performance.now() < end });
if (finding === undefined) console.log(`${inputs} inputs, no finding`);
else {
  console.error(`after ${inputs} inputs, ${finding.parser} broke its promise:`, finding.error);
  console.error(Buffer.from(finding.input).toString('base64'));
  process.exitCode = 1;
}
