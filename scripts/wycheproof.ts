// `node --import tsx scripts/wycheproof.ts FOLDER`: Project Wycheproof's signature vectors, from a
// checkout of somebody's own, against both engines. No package carries these files and we copy none;
// what `npm test` runs are cases of the same kinds, made by test/shared/crypto.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FILES, judgeFile } from './wycheproof/judge-file.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node --import tsx scripts/wycheproof.ts FOLDER (its testvectors_v1)');
  process.exit(2);
}

let wrong = 0;
for (const name of FILES) {
  const { vectors, differences } = judgeFile(name, await readFile(join(folder, name), 'utf8'));
  console.log(`${name}: ${vectors} vectors, ${differences.length} answered otherwise`);
  for (const difference of differences) console.log(`  ${difference}`);
  wrong += differences.length;
}
if (wrong > 0) process.exitCode = 1;
