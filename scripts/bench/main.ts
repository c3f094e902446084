// `npm run bench -- NAME`: figures, and a ratio to something real that was measured in the same run.
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { buildAll } from '../build/build-all.ts';
import { benchAgent } from './agent.ts';
import { benchAssignment } from './assignment.ts';
import { benchDownload } from './download.ts';
import { benchPowerCut } from './power-cut.ts';
import { holds, type BenchResult, type Ratio } from './result.ts';
import { inSetting, type Setting } from './setting.ts';
import { benchTrust } from './trust.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    cuts: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
  },
});
const Count = z.coerce.number().int().min(1).max(100_000);
const wish = { cuts: Count.parse(values.cuts), seed: Count.parse(values.seed) };

const BENCHES = new Map<string, readonly [string, (setting: Setting) => Promise<BenchResult>]>([
  ['agent', ['size, memory, and installing against curl | sha256sum | tar x', benchAgent]],
  ['assignment', ['"nothing new" against an empty Hono handler', benchAssignment]],
  ['download', ['an artifact of 500 MiB against nginx', benchDownload]],
  [
    'power-cut',
    [
      'an agent killed at --cuts N instants from --seed N: every one must end well',
      (setting) => benchPowerCut(setting, wish),
    ],
  ],
  ['trust', ['finding a release against tuf-js, signing against bare node:crypto', benchTrust]],
]);

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
if (result.kind === 'measured' && result.findings && !result.ratios.every(holds)) {
  process.exitCode = 1;
}

function print(found: BenchResult): void {
  if (found.kind === 'skipped') {
    console.log(`skipped: ${found.why}`);
    return;
  }
  for (const { name: what, value, unit } of found.figures) {
    console.log(`${what.padEnd(40)} ${digits(value).padStart(8)} ${unit}`);
  }
  for (const ratio of found.ratios) {
    console.log(`${ratio.name.padEnd(40)} ${ratio.value.toFixed(2).padStart(8)} ${verdict(ratio)}`);
  }
  for (const finding of found.findings ?? []) console.log(`FOUND: ${finding}`);
}

/** Counts as they are, small measurements with two places. */
function digits(value: number): string {
  return value.toFixed(value < 10 && !Number.isInteger(value) ? 2 : 0);
}

function verdict(ratio: Ratio): string {
  const { wanted } = ratio;
  if (wanted === undefined) return '';
  const limit = 'atLeast' in wanted ? `at least ${wanted.atLeast}` : `at most ${wanted.atMost}`;
  return `(wanted: ${limit}; ${holds(ratio) ? 'held' : 'NOT held'})`;
}
