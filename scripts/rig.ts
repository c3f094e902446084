// `npm run rig`: an emulated arm64 board with U-Boot, two root partitions and our agent takes updates
// from a real server, falls back from releases that do not boot, and has its power cut.
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { buildAll } from './build/build-all.ts';
import { bundlePath } from './build/build-program.ts';
import { openStage } from './demo/stage.ts';
import { plainScreen } from './demo/screen.ts';
import { authorAt, type Author } from './fleet/author.ts';
import { startServer } from './fleet/server.ts';
import { keepProcesses } from './processes/keeper.ts';
import { boardOf } from './rig/board.ts';
import { buildDisk } from './rig/disk.ts';
import { BOARD, writeDataTree } from './rig/factory.ts';
import { packImage, publishImage, type Ingredients, type PackedImage } from './rig/images.ts';
import { buildInitrd } from './rig/initrd.ts';
import { fetchPackages } from './rig/packages.ts';
import { buildRoot, type Behaviour } from './rig/root.ts';
import { requireTools } from './rig/tools.ts';
import { badUpdate, firstBoot, goodUpdate, powerCuts, type RigScene } from './rig/story.ts';
import { seededRandom } from './rig/seeded-random.ts';

const HELP = `npm run rig -- [--cuts N] [--seed N] [--work FOLDER] [--json]

Boots an emulated arm64 board (QEMU, U-Boot, Debian's kernel, Node, sealift-agent) and updates it:
a good release, one that panics at boot, one that is not healthy, and N power cuts (default 12).
Needs Debian's qemu-system-arm u-boot-qemu u-boot-tools mtools dosfstools e2fsprogs fdisk kmod cpio.
Takes about a minute for each update and half a minute for each cut. FOLDER (default .cache/rig)
keeps the downloaded packages; serial.log in it is what the board printed.
`;

const { values } = parseArgs({
  options: {
    cuts: { type: 'string', default: '12' },
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

await requireTools();
const work = resolve(values.work);
const screen = plainScreen((line) => {
  process.stderr.write(`${line}\n`);
});
const stage = openStage(screen);
await buildAll();
const run = join(work, 'run');
await rm(run, { recursive: true, force: true });
await mkdir(join(run, 'logs'), { recursive: true });
const keeper = keepProcesses(join(run, 'logs'));
let cutPower: (() => Promise<void>) | undefined;
try {
  await play();
  screen.say('Everything above held.');
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
} finally {
  await cutPower?.();
  await keeper.stopAll();
}
if (values.json) {
  process.stdout.write(
    `${JSON.stringify({ steps: Object.fromEntries(stage.results) }, null, 2)}\n`,
  );
}

async function play(): Promise<void> {
  const made = await stage.step('build', 'A board and its releases are built', build);
  const { board, author } = await setUp(made.factory);
  cutPower = board.cutPower;
  const scene: RigScene = {
    ...{ stage, board, author },
    ...{ interrupted: interruption.signal, tell: screen.progress },
  };
  await publishImage(author, made.good, '1.1.0');
  await publishImage(author, made.panics, '1.2.0');
  await publishImage(author, made.unhealthy, '1.3.0');
  await firstBoot(scene);
  await goodUpdate(scene, '1.1.0', 'B');
  const back = { slot: 'B', version: '1.1.0' };
  await badUpdate(scene, {
    version: '1.2.0',
    title: '1.2.0 panics at boot: U-Boot counts its tries and falls back',
    shows: /##PANIC slot=A/,
    times: 3,
    back,
  });
  await badUpdate(scene, {
    version: '1.3.0',
    title: '1.3.0 boots and is not healthy: the agent goes back',
    shows: /##READY slot=A version=1\.3\.0/,
    times: 1,
    back,
  });
  await powerCuts(scene, { cuts, random: seededRandom(seed), nextVersion: releases(author, made) });
}

/** A server, an author with a product, and a board that was provisioned for them. */
async function setUp(factory: string): Promise<Pick<RigScene, 'board' | 'author'>> {
  const interrupted = interruption.signal;
  const server = await startServer(keeper, join(run, 'server'), interrupted);
  const home = join(run, 'author');
  const author = authorAt({ home, passphrase: 'only for the rig', interrupted });
  const at = ['--server', server.http, '--token', server.token];
  const Made = z.object({ roots: z.object({ image: z.string(), director: z.string() }) });
  const { roots } = await author.ask(Made, 'keys', 'init', '--single', ...at);
  const product = ['product', 'add', BOARD.product, '--hardware', BOARD.hardwareId];
  await author.ask(z.object({ product: z.string() }), ...product);
  const create = ['token', 'create', '--kind', 'enrolment', '--name', 'rig'];
  const { token } = await author.ask(z.object({ token: z.string() }), ...create);
  const data = await writeDataTree(run, { roots, server, enrolmentToken: token });
  const disk = await buildDisk(run, { root: factory, data });
  return { author, board: boardOf(disk, join(run, 'serial.log'), interrupted) };
}

/** One good release after the other, to cut the power in. */
function releases(author: Author, ingredients: Ingredients): () => Promise<string> {
  let count = 0;
  return async () => {
    const version = `2.${count}.0`;
    count += 1;
    await publishImage(
      author,
      await packImage(run, ingredients, { version, behaviour: 'works' }),
      version,
    );
    return version;
  };
}

async function build() {
  await mkdir(work, { recursive: true });
  const packages = await fetchPackages(work, screen.progress);
  const initrd = await buildInitrd(work, packages);
  const ingredients = { packages, initrd, agentBundle: bundlePath({ name: 'sealift-agent' }) };
  screen.progress('building root file systems');
  const factory = await buildRoot(run, { ...ingredients, version: '1.0.0', behaviour: 'works' });
  const pack = (version: string, behaviour: Behaviour): Promise<PackedImage> =>
    packImage(run, ingredients, { version, behaviour });
  const value = {
    ...ingredients,
    factory,
    good: await pack('1.1.0', 'works'),
    panics: await pack('1.2.0', 'panics'),
    unhealthy: await pack('1.3.0', 'unhealthy'),
  };
  const megabytes = Math.round(value.good.bytes / 1e6);
  return { says: `a packed root has ${megabytes} MB`, facts: { megabytes }, value };
}
