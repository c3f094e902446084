// `npm run mutate [-- FILE …]`: changes shared/trust line by line and asks whether a test notices
// (Stryker). File by file, because each takes minutes. A change that lives and is not explained in
// scripts/mutate/equivalent.json fails the run, and so does an explanation that is not needed.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EquivalentsSchema, outdated, survivorsOf, unexplained } from './mutate/survivors.ts';
import { fromRoot, ROOT } from './root.ts';

const FOLDER = 'shared/trust';
const asked = process.argv.slice(2);
const files = asked.length > 0 ? asked : await filesOf(FOLDER);
const list = EquivalentsSchema.parse(
  JSON.parse(await readFile(fromRoot('scripts/mutate/equivalent.json'), 'utf8')),
);

const bad: string[] = [];
for (const file of files) {
  const { tried, survivors } = survivorsOf(await runStryker(file));
  const alive = unexplained(survivors, list);
  console.log(`${file}: ${tried} mutants, ${survivors.length} lived, ${alive.length} unexplained`);
  bad.push(
    ...alive.map(({ line, column, code, becomes }) => {
      return `${file}:${line}:${column} may become ${becomes || '(nothing)'}: ${code}`;
    }),
    ...outdated(survivors, list, [file]).map(({ code, becomes }) => {
      return `${file}: explained, and did not live: ${becomes} in ${code}`;
    }),
  );
}
for (const line of bad) console.error(line);
if (bad.length > 0) process.exitCode = 1;

/** Stryker's report about one file. Its copy of the tree lies outside ours, where no check reads it. */
async function runStryker(file: string): Promise<unknown> {
  const work = await mkdtemp(join(tmpdir(), 'sealift-mutate-'));
  const stryker = fromRoot('node_modules', '.bin', 'stryker');
  const { status } = spawnSync(stryker, ['run', '--mutate', file, '--tempDirName', work], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await rm(work, { recursive: true, force: true });
  if (status !== 0) throw new Error(`stryker ended with ${status ?? 'a signal'} on ${file}`);
  return JSON.parse(await readFile(fromRoot('dist/mutation/report.json'), 'utf8'));
}

/** All but `refusal-codes.ts`, which is a table of words: check-spec-references.ts holds that one. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const names = (await readdir(fromRoot(folder))).filter((name) => name.endsWith('.ts'));
  return names.filter((name) => name !== 'refusal-codes.ts').map((name) => `${folder}/${name}`);
}
