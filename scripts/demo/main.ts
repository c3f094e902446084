// `npm run demo`: a signed release reaches devices, a broken one rolls itself back, forged ones are
// refused. Everything through the programs in dist/, over real HTTP and MQTT, with real files.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildAll } from '../build/build-all.ts';
import { keepProcesses } from '../processes/keeper.ts';
import { endServices } from './end-services.ts';
import { keepRunning } from './keep.ts';
import { plainScreen } from './screen.ts';
import { openStage } from './stage.ts';
import { playStory } from './story.ts';

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false } },
});
const startedAt = performance.now();
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruption.abort(new Error(`interrupted by ${signal}`));
  });
}

const folder = await mkdtemp(join(tmpdir(), 'sealift-demo-'));
const logs = join(folder, 'logs');
await mkdir(logs);
// With --json the story goes to stderr, so that stdout is one JSON object and nothing else.
const screen = plainScreen(options.json ? console.error : console.log);
const stage = openStage(screen);
const keeper = keepProcesses(logs);
const isGood = await play();
const seconds = Math.round(performance.now() - startedAt) / 1_000;
if (options.json) {
  console.log(
    JSON.stringify({ ok: isGood, seconds, ...Object.fromEntries(stage.results) }, null, 2),
  );
}
screen.say(isGood ? `Every step held. ${seconds} s.` : `The demo failed. Logs are in ${logs}`);
process.exitCode = isGood ? 0 : 1;

async function play(): Promise<boolean> {
  const props = { folder, keeper, stage, screen, interrupted: interruption.signal };
  screen.say(`Sealift, from an author's laptop to five devices. Everything is in ${folder}\n`);
  try {
    await stage.step('build', 'The programs are built', async () => {
      const { bytes } = await buildAll();
      const sizes = Object.fromEntries(bytes);
      return { says: [...bytes.keys()].join(', '), facts: { bytes: sizes }, value: undefined };
    });
    const standing = await playStory(props);
    if (options.keep) {
      screen.say(await keepRunning(standing, folder));
      return true;
    }
    await end();
    await rm(folder, { recursive: true });
    return true;
  } catch {
    await end(); // what failed, and why, is among the results of the stage
    return false;
  }
}

async function end(): Promise<void> {
  await keeper.stopAll();
  await endServices(folder);
}
