// `npm run build`: the three programs into dist/, each one file that Node runs as it is.
import { PROGRAMS } from './build/programs.ts';
import { buildProgram } from './build/build-program.ts';
import { buildFacts } from './build/build-facts.ts';

const facts = await buildFacts();
for (const program of PROGRAMS) {
  const bytes = await buildProgram(program, facts);
  console.log(`dist/${program.name}.mjs  ${(bytes / 1_000).toFixed(0)} kB`);
}
console.log(`version ${facts.version}, build time ${facts.builtAt.toISOString()}`);
