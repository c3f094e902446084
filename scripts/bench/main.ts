// `npm run bench -- NAME`: figures, and a ratio to something real that was measured in the same run.
import { parseArgs } from 'node:util';
import { buildAll } from '../build/build-all.ts';
import { benchAgent } from './agent.ts';
import { benchAssignment } from './assignment.ts';
import { benchDownload } from './download.ts';
import { holds, type BenchResult, type Ratio } from './result.ts';
import { inSetting, type Setting } from './setting.ts';
import { benchTrust } from './trust.ts';

const BENCHES = new Map<string, readonly [string, (setting: Setting) => Promise<BenchResult>]>([
  ['agent', ['size, memory, and installing against curl | sha256sum | tar x', benchAgent]],
  ['assignment', ['"nothing new" against an empty Hono handler', benchAssignment]],
  ['download', ['an artifact of 500 MiB against nginx', benchDownload]],
  ['trust', ['finding a release against tuf-js, signing against bare node:crypto', benchTrust]],
]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
});
const [name = ''] = positionals;
const [, bench] = BENCHES.get(name) ?? [];
if (bench === undefined) {
  console.error('usage: npm run bench -- NAME [--json]');
  for (const [known, [about]] of BENCHES) console.error(`  ${known.padEnd(11)} ${about}`);
  process.exit(name === '' ? 0 : 2);
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruption.abort(new Error(`interrupted by ${signal}`));
  });
}
await buildAll();
const tell = (line: string): void => {
  console.error(`. ${line}`);
};
const result = await inSetting(interruption.signal, tell, bench);
if (values.json) console.log(JSON.stringify({ bench: name, ...result }, null, 2));
else print(result);

function print(found: BenchResult): void {
  if (found.kind === 'skipped') {
    console.log(`skipped: ${found.why}`);
    return;
  }
  for (const { name: what, value, unit } of found.figures) {
    console.log(`${what.padEnd(40)} ${value.toFixed(value < 10 ? 2 : 0).padStart(8)} ${unit}`);
  }
  for (const ratio of found.ratios) {
    console.log(`${ratio.name.padEnd(40)} ${ratio.value.toFixed(2).padStart(8)} ${verdict(ratio)}`);
  }
}

function verdict(ratio: Ratio): string {
  const { wanted } = ratio;
  if (wanted === undefined) return '';
  const limit = 'atLeast' in wanted ? `at least ${wanted.atLeast}` : `at most ${wanted.atMost}`;
  return `(wanted: ${limit}; ${holds(ratio) ? 'held' : 'NOT held'})`;
}
