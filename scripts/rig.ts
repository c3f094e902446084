// `npm run rig`: an emulated arm64 board with U-Boot, two root partitions, a watchdog and our agent
// takes updates from a real server, falls back from releases that fail, and has its power cut.
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { buildAll } from './build/build-all.ts';
import { openStage } from './demo/stage.ts';
import { plainScreen } from './demo/screen.ts';
import type { Author } from './fleet/author.ts';
import { keepProcesses } from './processes/keeper.ts';
import { buildReleases } from './rig/build-releases.ts';
import { packImage, publishImage, type Ingredients, type Published } from './rig/images.ts';
import { powerCuts } from './rig/power-cuts.ts';
import type { RigScene } from './rig/scene.ts';
import { seededRandom } from './rig/seeded-random.ts';
import { setUp } from './rig/set-up.ts';
import { badUpdate, firstBoot, goodUpdate } from './rig/story.ts';
import { tallyOf, tallyText, type Cut } from './rig/tally.ts';
import { requireTools } from './rig/tools.ts';

const HELP = `npm run rig -- [--cuts N] [--only-cuts] [--light] [--seed N] [--work FOLDER] [--json]

Boots an emulated arm64 board (QEMU, U-Boot, Debian's kernel, a watchdog, Node, sealift-agent) and
updates it: a good release; one that panics at boot, one that hangs, one that is not healthy, one
that stops the agent in its trial (--only-cuts leaves these four out); then N power cuts (default
12) in the write of the slot, the read-back, the writes of U-Boot's environment, the first boot, the
trial, the commit, and at random moments. After each cut a whole release must boot and find its
data; after each update U-Boot, the board's word at the server and the bytes of the slot must agree.

Needs Debian's qemu-system-arm u-boot-qemu u-boot-tools mtools dosfstools e2fsprogs fdisk kmod cpio.
With --light Node stands on the data partition, a release has 20 MB instead of 69, and more cuts fit
into an hour. Each release and each cut takes a minute or more, and many times that on a busy
machine. FOLDER (default .cache/rig) keeps the downloaded packages; run/serial.log in it is what the
board printed. --seed makes the chances the same again, not the timing. --json prints the result and
the seconds of each step, and the number of cuts by where they fell. Ctrl-C ends all that was started.
`;

const { values } = parseArgs({
  options: {
    cuts: { type: 'string', default: '12' },
    light: { type: 'boolean', default: false },
    'only-cuts': { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    work: { type: 'string', default: join('.cache', 'rig') },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const Count = z.coerce.number().int().min(0).max(1_000);
const [cuts, seed] = [Count.parse(values.cuts), Count.parse(values.seed)];

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
const work = resolve(values.work);
const run = join(work, 'run');
await rm(run, { recursive: true, force: true });
await mkdir(join(run, 'logs'), { recursive: true });
const keeper = keepProcesses(join(run, 'logs'));
const endedWell: Cut[] = [];
let cutPower: (() => Promise<void>) | undefined;
try {
  await requireTools();
  await buildAll();
  await play();
} catch (cause) {
  const why: unknown = interruption.signal.aborted ? interruption.signal.reason : cause;
  process.stderr.write(`${why instanceof Error ? why.message : String(why)}\n`);
  process.exitCode = 1;
} finally {
  await cutPower?.();
  await keeper.stopAll();
}
const seconds = Math.round((performance.now() - startedAt) / 1_000);
if (process.exitCode === undefined) screen.say(`Everything above held, in ${seconds} s.`);
if (endedWell.length > 0) {
  screen.say(`${endedWell.length} of ${cuts} cuts: ${tallyText(tallyOf(endedWell))}.`);
}
if (values.json) {
  const ok = process.exitCode === undefined;
  const steps = Object.fromEntries(stage.results);
  const counts = { wanted: cuts, endedWell: endedWell.length, fell: tallyOf(endedWell) };
  const result = { ok, seconds, seed, cuts: counts, steps };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
}

async function play(): Promise<void> {
  const interrupted = interruption.signal;
  const shape = { isLight: values.light, onlyGood: values['only-cuts'] };
  const { ingredients, good, bad } = await stage.step(
    'build',
    'A board and releases are built',
    () => buildReleases({ work, run, ...shape, tell: screen.progress }),
  );
  interrupted.throwIfAborted();
  const { factory, packages } = ingredients;
  const node = values.light ? join(packages.node, 'bin', 'node') : undefined;
  const plan = { run, factory, node, keeper, interrupted };
  const { board, author } = await setUp(plan);
  cutPower = board.cutPower;
  const releases = new Map<string, Published>();
  const scene: RigScene = { stage, board, author, releases, interrupted, tell: screen.progress };
  for (const image of [good, ...bad.values()]) {
    releases.set(image.version, await publishImage(author, image));
  }
  await firstBoot(scene);
  await goodUpdate(scene, good.version, 'B');
  const back = { slot: 'B', version: good.version };
  for (const each of bad.keys()) await badUpdate(scene, each, back);
  const nextRelease = goodReleases(author, ingredients, releases);
  if (cuts === 0) return;
  await powerCuts(scene, { cuts, random: seededRandom(seed), endedWell, nextRelease });
}

/** One good release after the other, to cut the power in. */
function goodReleases(
  author: Author,
  ingredients: Ingredients,
  releases: RigScene['releases'],
): () => Promise<Published> {
  let count = 0;
  return async () => {
    const version = `2.${count}.0`;
    count += 1;
    const image = await packImage(run, ingredients, { version, behaviour: 'works' });
    const published = await publishImage(author, image);
    releases.set(version, published);
    await rm(image.file);
    return published;
  };
}
