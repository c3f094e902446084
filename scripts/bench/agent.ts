import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bytesByOwner, MetafileSchema } from '../build/agent-size.ts';
import { metafilePath } from '../build/build-program.ts';
import { AGENT } from '../build/programs.ts';
import { startSparingAgent } from '../fleet/agent.ts';
import { DeviceDetail, Rollout } from '../fleet/answers.ts';
import type { Running } from '../processes/keeper.ts';
import { run } from '../processes/run.ts';
import { until } from '../processes/until.ts';
import { updateTimes, type UpdateTimes } from './agent-log.ts';
import { provisionBench } from './bench-device.ts';
import { writeBigArchive } from './big-archive.ts';
import { copySeconds, writeBigImage } from './image.ts';
import { bareNodeMb, forgetPeak, memoryOf } from './memory.ts';
import { measurePairs, pairedRatio } from './pairs.ts';
import { publishArchive } from './publish.ts';
import { median, type BenchResult, type Figure, type Ratio } from './result.ts';
import { BENCH, enrolKey, type Setting } from './setting.ts';

const ROUNDS = 3;
const MEBIBYTES = 300;
const IMAGE_MEBIBYTES = 1_024;
/** A bundle, 300 MiB and a process that has just started both need a moment to come to rest. */
const SETTLE_MILLISECONDS = 8_000;

/** What the agent weighs, and how fast it installs against the shell doing the same to one file. */
export async function benchAgent(setting: Setting): Promise<BenchResult> {
  const { folder, tell, author } = setting;
  const archive = await writeBigArchive(folder, MEBIBYTES);
  tell(`publishing ${MEBIBYTES} MiB under ${ROUNDS} versions`);
  const sha256 = await publishAll(setting, archive);
  const authorization = await enrolKey(setting);
  const device = await provisionBench(setting);
  const agent = await startSparingAgent(setting.keeper, device);
  await until({ what: 'the device', seconds: 20, interrupted: setting.interrupted }, async () =>
    author.ask(DeviceDetail, 'device', 'show', device.id).catch(() => undefined),
  );
  await pause(SETTLE_MILLISECONDS);
  const { residentMb: idleMb } = await memoryOf(agent.pid);
  const bareMb = await bareNodeMb(setting.keeper, SETTLE_MILLISECONDS);
  await forgetPeak(agent.pid);

  tell(`${ROUNDS} rounds`);
  const url = `${setting.server.http}/blobs/sha256/${sha256}`;
  const pairs = await measurePairs(
    ROUNDS,
    (round) => installByAgent(setting, agent, versionOf(round)),
    (round) => installByShell(join(folder, `shell-${round}`), url, authorization, sha256),
  );
  const { peakMb } = await memoryOf(agent.pid);
  const image = await measureImage(setting, agent, archive.sbom);
  const verifyMs = await verifyMilliseconds(setting, device.id);
  const mb = archive.bytes / 1_000_000;
  return {
    kind: 'measured',
    figures: [
      ...(await bundleFigures()),
      { name: 'resident memory, idle', value: idleMb, unit: 'MB' },
      { name: 'resident memory, node -e alone', value: bareMb, unit: 'MB' },
      { name: `peak memory, installing ${MEBIBYTES} MiB`, value: peakMb, unit: 'MB' },
      { name: 'verification of a manifest, median', value: verifyMs, unit: 'ms' },
      { name: 'download + verify + install', value: mb / median(pairs.ours), unit: 'MB/s' },
      { name: 'curl | sha256sum | tar x', value: mb / median(pairs.theirs), unit: 'MB/s' },
      { name: 'image of 1 GiB: cp + sync, median', value: image.copySeconds, unit: 's' },
    ],
    ratios: [
      {
        name: 'idle and connected to node -e alone',
        value: idleMb / bareMb,
        wanted: { atMost: 1.25 },
      },
      { name: 'peak above idle, MB', value: peakMb - idleMb, wanted: { atMost: 40 } },
      { name: 'MB/s to the shell', value: 1 / pairedRatio(pairs), wanted: undefined },
      ...imageRatios(image, idleMb),
    ],
  };
}

const versionOf = (round: number): string => `1.${round}.0`;

async function publishAll(
  setting: Setting,
  archive: Awaited<ReturnType<typeof writeBigArchive>>,
): Promise<string> {
  let sha256 = '';
  for (let round = 0; round < ROUNDS; round += 1) {
    sha256 = await publishArchive(setting, archive, versionOf(round));
  }
  return sha256;
}

interface ImageFigures {
  readonly copySeconds: number;
  readonly downloadRatio: number;
  readonly installRatio: number;
  readonly wholeRatio: number;
  readonly peakMb: number;
}

function imageRatios(
  { downloadRatio, installRatio, wholeRatio, peakMb }: ImageFigures,
  idleMb: number,
): readonly Ratio[] {
  const image = 'image: download + hash + write + fsync to cp';
  return [
    { name: image, value: downloadRatio, wanted: { atMost: 2.2 } },
    // From there to its target, flushed, read back past the cache: a second copy and a third read.
    { name: 'image: write + fsync + read back to cp', value: installRatio, wanted: undefined },
    { name: 'image: all of it, to cp', value: wholeRatio, wanted: undefined },
    { name: 'image: peak above idle, MB', value: peakMb - idleMb, wanted: { atMost: 40 } },
  ];
}

/** The same device takes an image of 1 GiB, in turns with `cp` and `sync` of the same file. */
async function measureImage(setting: Setting, agent: Running, sbom: string): Promise<ImageFigures> {
  const { folder, tell } = setting;
  const image = await writeBigImage(folder, IMAGE_MEBIBYTES);
  const artifact = `rootfs=${image.artifact}:image`;
  tell(`publishing an image of ${IMAGE_MEBIBYTES} MiB under ${ROUNDS} versions`);
  for (let round = 0; round < ROUNDS; round += 1) {
    await publishArchive(setting, { ...image, artifact, sbom }, imageVersionOf(round));
  }
  await forgetPeak(agent.pid);
  tell(`${ROUNDS} rounds`);
  const installs: number[] = [];
  const pairs = await measurePairs(
    ROUNDS,
    async (round) => {
      const times = await updateByAgent(setting, agent, imageVersionOf(round));
      installs.push(times.activating.getTime() - times.installing.getTime());
      return (times.installing.getTime() - times.downloading.getTime()) / 1_000;
    },
    () => copySeconds(image, folder),
  );
  const { peakMb } = await memoryOf(agent.pid);
  const ours = installs.map((milliseconds) => milliseconds / 1_000);
  return {
    copySeconds: median(pairs.theirs),
    downloadRatio: pairedRatio(pairs),
    installRatio: pairedRatio({ ...pairs, ours }),
    wholeRatio: pairedRatio({
      ...pairs,
      ours: ours.map((each, at) => each + (pairs.ours[at] ?? NaN)),
    }),
    peakMb,
  };
}

const imageVersionOf = (round: number): string => `2.${round}.0`;

/** Seconds from the first byte asked for to a slot that is written, flushed and measured. */
async function installByAgent(setting: Setting, agent: Running, version: string): Promise<number> {
  const times = await updateByAgent(setting, agent, version);
  return (times.activating.getTime() - times.downloading.getTime()) / 1_000;
}

async function updateByAgent(
  { author, interrupted }: Setting,
  { logFile }: Running,
  version: string,
): Promise<UpdateTimes> {
  const release = ['--product', BENCH.product, '--version', version];
  const phases = ['--phases', '100', '--success', '1'];
  const { id } = await author.ask(Rollout, 'rollout', 'start', ...release, ...phases);
  const what = `the agent to commit ${version}`;
  const times = await until({ what, seconds: 180, interrupted }, () =>
    updateTimes(logFile, version),
  );
  await author.follow(() => undefined, 'rollout', 'watch', id, '--interval', '1');
  return times;
}

/** Seconds of the usual pipeline, which trusts before it knows and flushes at the end. */
async function installByShell(
  folder: string,
  url: string,
  authorization: string,
  sha256: string,
): Promise<number> {
  await mkdir(folder);
  const script =
    'set -euo pipefail; curl -sf -H "authorization: $2" "$1" | tee >(sha256sum > "$0.sum") ' +
    '| tar x -C "$0"; sync -f "$0"; until [ -s "$0.sum" ]; do :; done; cat "$0.sum"';
  const startedAt = performance.now();
  const { code, stdout } = await run(['bash', '-c', script, folder, url, authorization]);
  const seconds = (performance.now() - startedAt) / 1_000;
  if (code !== 0 || !stdout.startsWith(sha256)) throw new Error(`the shell got ${stdout}`);
  await rm(folder, { recursive: true });
  return seconds;
}

async function verifyMilliseconds({ author }: Setting, id: string): Promise<number> {
  const { lastReports } = await author.ask(DeviceDetail, 'device', 'show', id);
  return median(
    lastReports.flatMap(({ event }) =>
      'verifyMilliseconds' in event ? [event.verifyMilliseconds] : [],
    ),
  );
}

async function bundleFigures(): Promise<readonly Figure[]> {
  const text = await readFile(metafilePath(AGENT), 'utf8');
  const { total, own } = bytesByOwner(MetafileSchema.parse(JSON.parse(text)));
  return [
    { name: 'bundle, minified', value: total / 1_000, unit: 'kB' },
    { name: 'of it agent + shared', value: own / 1_000, unit: 'kB' },
  ];
}
