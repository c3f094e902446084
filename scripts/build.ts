// `npm run build`: the three programs into dist/, each one file that Node runs as it is.
import { buildAll } from './build/build-all.ts';

const { facts, bytes } = await buildAll();
for (const [name, length] of bytes)
  console.log(`dist/${name}.mjs  ${Math.round(length / 1_000)} kB`);
console.log(`version ${facts.version}, build time ${facts.builtAt.toISOString()}`);
