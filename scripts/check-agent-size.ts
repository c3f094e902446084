// Every byte of the agent is stored and loaded on every device: the bundle has a budget.
import { readFile } from 'node:fs/promises';
import { AGENT } from './build/programs.ts';
import { metafilePath } from './build/build-program.ts';
import { bytesByOwner, sizeProblems } from './build/agent-size.ts';
import { MetafileSchema } from './build/agent-size.ts';

const metafile = MetafileSchema.parse(JSON.parse(await readFile(metafilePath(AGENT), 'utf8')));
const sizes = bytesByOwner(metafile);
for (const [owner, bytes] of sizes.owners) console.log(`${String(bytes).padStart(8)}  ${owner}`);
console.log(`${String(sizes.total).padStart(8)}  in all, ${sizes.own} of it agent + shared`);

const problems = sizeProblems(sizes);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
