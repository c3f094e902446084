// `npm run arm`: the bundled agent takes whole updates on arm64 and on armv7l, under QEMU's user
// emulation, from a real server on this machine.
import { parseArgs } from 'node:util';
import { ARCHITECTURES, emulate } from './arm/emulated.ts';
import { playQuick } from './arm/quick.ts';
import { playArm } from './arm/story.ts';
import type { Machine } from './bench/power-cut/victim.ts';
import { inSetting } from './bench/setting.ts';
import { buildAll } from './build/build-all.ts';
import { plainScreen } from './demo/screen.ts';
import { openStage } from './demo/stage.ts';
import { fromRoot } from './root.ts';

const HELP = `npm run arm -- [--only arm64|armv7l] [--quick] [--required] [--json]

Enrols emulated devices with a real server, updates them, makes them refuse and roll back. --quick
starts the agent 5 times an architecture instead of 11, for CI: each start takes an emulated
processor seconds. It leaves out the second good release, and asks the server and the disk instead
of the agent. Needs Debian's qemu-user or qemu-user-static; downloads Node and its C libraries into .cache/arm, once.
What cannot be had here is skipped, and said; with --required that is a failure.
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    required: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const wanted = ARCHITECTURES.filter(({ id }) => values.only === undefined || id === values.only);
if (values.help || wanted.length === 0) {
  process.stdout.write(HELP);
  process.exit(values.help ? 0 : 2);
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruption.abort(new Error(`interrupted by ${signal}`));
  });
}
const startedAt = performance.now();
const screen = plainScreen((line) => {
  process.stderr.write(`${line}\n`);
});
const stage = openStage(screen);
const skipped: { readonly id: string; readonly why: string }[] = [];
const machines = await emulated();
if (machines.length > 0) await play();
const seconds = Math.round((performance.now() - startedAt) / 1_000);
const ran = machines.map(({ id }) => id);
if (values.json) {
  const steps = Object.fromEntries(stage.results);
  process.stdout.write(`${JSON.stringify({ ran, skipped, seconds, steps }, null, 2)}\n`);
}
for (const { id, why } of skipped) screen.say(`SKIPPED ${id}: ${why}`);
if (process.exitCode === undefined) {
  screen.say(`Everything held on ${ran.join(' and ') || 'nothing'}, in ${seconds} s.`);
}
if (values.required && skipped.length > 0) process.exitCode = 1;

async function emulated(): Promise<readonly Machine[]> {
  const found: Machine[] = [];
  for (const architecture of wanted) {
    try {
      found.push(await emulate(architecture, fromRoot('.cache', 'arm'), screen.progress));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      skipped.push({ id: architecture.id, why });
    }
  }
  return found;
}

async function play(): Promise<void> {
  await buildAll();
  try {
    await inSetting(interruption.signal, screen.progress, (setting) =>
      values.quick ? playQuick(setting, stage, machines) : playArm(setting, stage, machines),
    );
  } catch (cause) {
    process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
    process.exitCode = 1;
  }
}
