import { mkdir } from 'node:fs/promises';
import type { Repository } from '../shared/trust/repository.ts';
import type { BootControl } from './boot/boot-control.ts';
import { openBoot } from './boot/open-boot.ts';
import { openConditions } from './conditions/open-conditions.ts';
import { readConfigured, readFirstRoot } from './config/configured-file.ts';
import type { Config } from './config/load-config.ts';
import { deviceKey } from './device-key.ts';
import { verifiedPath } from './download/download-blob.ts';
import type { FetchDeps } from './download/fetch-artifact.ts';
import type { TrialDeps } from './health/probe-health.ts';
import { openTrial } from './health/open-trial.ts';
import { openHooks } from './hooks/open-hooks.ts';
import { requireSpace } from './install/free-space.ts';
import type { FindInstaller } from './install/installer.ts';
import { openInstallers, type InstallersDeps } from './install/open-installers.ts';
import { slotFolders } from './install/slot-folders.ts';
import { keepTwice } from './install/kept-twice.ts';
import type { InstallDeps } from './install/write-spare-slot.ts';
import type { Modules } from './modules/open-modules.ts';
import type { Backoff } from './link/backoff.ts';
import { deviceTokens, type DeviceTokens } from './link/device-token.ts';
import { httpClient, type HttpClient } from './link/http.ts';
import type { Pace } from './link/pace.ts';
import { serverOverHttp, type Server } from './link/server.ts';
import { jsonLog, type Log } from './log.ts';
import { statePaths, type StatePaths } from './paths.ts';
import { pause } from './pause.ts';
import type { StageDeps } from './perform.ts';
import { askForRecalls } from './recall/ask-for-recalls.ts';
import type { RecallDeps } from './recall/heed-recalls.ts';
import { recallsInRole } from './recall/recalls-in-role.ts';
import type { Outbox } from './report/outbox.ts';
import { outboxFolder } from './report/outbox.ts';
import type { Reporter } from './report/sign-report.ts';
import { STATE_FORM } from './state/state-form.ts';
import type { AgentState } from './state/agent-state.ts';
import { requireRunning } from './stopped.ts';
import { deviceClock, type DeviceClock } from './verify/device-clock.ts';
import { floorsFile, type FloorsFile } from './verify/floors-file.ts';
import { metadataFolder } from './verify/metadata-folder.ts';
import type { VerifyDeps } from './verify/verify-release.ts';
import { installedNow } from './world.ts';

/** Everything of the machine that only main.ts may touch, handed in. */
export interface Ambient {
  readonly now: () => Date;
  /** Does not jump when the clock is set. */
  readonly milliseconds: () => number;
  readonly random: () => number;
  /** What nobody can guess: 8 to 64 of `A-Z a-z 0-9 _ -`. */
  readonly nonce: () => string;
  readonly write: (line: string) => void;
  readonly signal: AbortSignal;
  readonly builtAt: Date;
  readonly version: string;
  readonly bootId: string;
}

/** An agent with its state folder open, before it does anything. */
export interface OpenAgent {
  readonly config: Config;
  readonly ambient: Ambient;
  readonly paths: StatePaths;
  readonly boot: BootControl;
  readonly floors: FloorsFile;
  readonly clock: DeviceClock;
  readonly state: ReturnType<typeof keepTwice<AgentState>>;
  readonly outbox: Outbox;
  readonly reporter: Reporter;
  readonly tokens: DeviceTokens;
  readonly ca: Buffer | undefined;
  readonly http: HttpClient;
  readonly server: Server;
  readonly findInstaller: FindInstaller;
  /** The same, reading no faster than its budget: to measure what is not urgent. */
  readonly findInstallerSlowly: FindInstaller;
  readonly stages: StageDeps;
  readonly log: Log;
  /** Ends whatever goes on in the background. */
  readonly close: () => void;
}

/** Between tries of a download, of a poll, of a delivery. */
export const BACKOFF: Backoff = { firstMs: 1_000, maxMs: 300_000 };
const ANSWER_MS = 60_000;
/** What comes between two hooks or modules, on a busy board. */
const RUN_MARGIN_MS = 60_000;

/**
 * Opens the state folder and builds everything that the agent is made of. With `instead` it has that in
 * the place of its server, and opens no connection.
 */
export async function openAgent(
  config: Config,
  outside: Ambient,
  instead?: Server,
): Promise<OpenAgent> {
  const stop = stopWith(outside.signal);
  const ambient = { ...outside, signal: stop.signal };
  const { deviceId, stateDir, slotsDir } = config;
  const paths = statePaths(stateDir);
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  await mkdir(slotsDir, { recursive: true });
  const log = jsonLog(ambient.write, ambient.now, deviceId);
  const signer = await deviceKey(paths.key);
  const floors = floorsFile(paths.floors);
  const clock = deviceClock({
    ...ambient,
    floor: async () => (await floors.load()).time,
    isConfiguredUntrusted: config.clock === 'untrusted',
  });
  const tokens = deviceTokens(deviceId, signer, clock.now);
  const link = await openLink(config, ambient, tokens, instead);
  const { bootId } = ambient;
  const boot = openBoot(config.boot, { slotsDir, bootId, untilEnd: pauseOf(ambient.signal) });
  const { modules, findInstaller, findInstallerSlowly } = openInstallers(
    config,
    installersDeps(ambient, log),
  );
  const ground = { config, ambient, paths, boot, floors, clock, server: link.server };
  const world = { ...ground, findInstaller };
  return {
    ...world,
    findInstallerSlowly,
    ...link,
    state: keepTwice(paths.state, STATE_FORM),
    outbox: await outboxFolder(paths.outbox),
    reporter: {
      device: deviceId,
      bootId: ambient.bootId,
      agent: `sealift-agent/${ambient.version}`,
      signer,
    },
    tokens,
    log,
    close: () => {
      stop.abort();
      link.http.close();
    },
    stages: await openStages(world, modules, log),
  };
}

function installersDeps({ signal, milliseconds }: Ambient, log: Log): InstallersDeps {
  const running = (): void => {
    requireRunning(signal);
  };
  return { requireRunning: running, milliseconds, pause: pauseOf(signal), log };
}

async function openStages(world: Ground, modules: Modules, log: Log): Promise<StageDeps> {
  const { boot, config, ambient } = world;
  const { milliseconds, bootId } = ambient;
  const verify = await verifyDeps(world);
  const trial = trialDeps(world, log);
  const onRun = (ms: number): void => {
    trial.watchdog.extend(ms + RUN_MARGIN_MS);
  };
  const untilEnd = pauseOf(ambient.signal);
  return {
    verify,
    conditions: verify.conditions,
    recalls: recallDeps(verify, boot, log),
    fetch: fetchDeps(world),
    install: installDeps(world),
    trial,
    hooks: openHooks(config, { milliseconds, onRun, pause: untilEnd, log }),
    modules: modules.drivenWith({ bootId, onRun, untilEnd }),
    boot,
    log,
  };
}

async function openLink(
  { server: { http: address, caFile, allowPlaintext }, retrieval }: Config,
  { signal, milliseconds }: Ambient,
  tokens: DeviceTokens,
  instead: Server | undefined,
): Promise<Pick<OpenAgent, 'ca' | 'http' | 'server'>> {
  const ca = caFile === undefined ? undefined : await readConfigured('server.caFile', caFile);
  const http = httpClient({ ca, allowPlaintext, idleMs: retrieval.idleSeconds * 1_000 });
  const server = serverOverHttp({
    base: baseOf(address),
    http,
    token: tokens.current,
    tokenRefused: tokens.refused,
    signal,
    answerMs: ANSWER_MS,
    pace: paceOf(retrieval, milliseconds),
  });
  return { ca, http, server: instead ?? server };
}

function paceOf(
  { minBytesPerSecond, windowSeconds }: Config['retrieval'],
  milliseconds: () => number,
): Pace {
  return { bytesPerSecond: minBytesPerSecond, windowMs: windowSeconds * 1_000, milliseconds };
}

/** Told to end from outside, or because the work is done. */
function stopWith(outside: AbortSignal): AbortController {
  const stop = new AbortController();
  const end = (): void => {
    stop.abort();
  };
  if (outside.aborted) end();
  outside.addEventListener('abort', end, { once: true });
  return stop;
}

type Ground = Pick<
  OpenAgent,
  'config' | 'ambient' | 'paths' | 'boot' | 'floors' | 'clock' | 'server' | 'findInstaller'
>;

async function verifyDeps({
  config,
  ambient,
  paths,
  boot,
  floors,
  clock,
  server,
  findInstaller,
}: Ground): Promise<VerifyDeps> {
  const { deviceId, product, hardwareId, policy } = config;
  return {
    device: { deviceId, product, hardwareId },
    policy: { requireSbom: policy.requireSbom, provenance: policy.provenance },
    firstRoots: {
      image: await readFirstRoot('image', config.roots.image),
      director: await readFirstRoot('director', config.roots.director),
    },
    stores: {
      image: await metadataFolder(paths.metadata.image, 'image', floors),
      director: await metadataFolder(paths.metadata.director, 'director', floors),
    },
    findInstaller,
    mayRepair: config.drift.repair,
    conditions: openConditions(config, { deviceNow: clock.now, now: ambient.now }),
    floors,
    fetchImage: server.fetchImage,
    fetchBlob: server.fetchBlob,
    manifests: paths.manifests,
    running: (state) => installedNow(boot, state),
    now: ambient.now,
    deviceNow: clock.now,
    milliseconds: ambient.milliseconds,
    builtAt: ambient.builtAt,
  };
}

function recallDeps(verify: VerifyDeps, boot: BootControl, log: Log): RecallDeps {
  const { device, firstRoots, stores, fetchImage, running, now, deviceNow } = verify;
  const { product } = device;
  const image = async (): Promise<Repository> => ({
    name: 'image',
    fetch: fetchImage,
    store: stores.image,
    firstRoot: firstRoots.image,
    startedAt: await deviceNow(),
  });
  return {
    known: () => recallsInRole(stores.image, product),
    ask: () => askForRecalls({ product, image, log }),
    running,
    boot,
    now,
  };
}

function fetchDeps({ config, ambient, paths, boot, server }: Ground): FetchDeps {
  const { signal, random, milliseconds, now } = ambient;
  return {
    folder: paths.downloads,
    openBlob: server.openBlob,
    requireSpace,
    limitBytes: config.limits.artifactBytes,
    currentSlot: boot.current,
    backoff: BACKOFF,
    random,
    milliseconds,
    pace: paceOf(config.retrieval, milliseconds),
    now,
    pause: async (ms) => {
      await pause(ms, signal);
      return !signal.aborted;
    },
  };
}

function installDeps({ config, ambient, paths, boot, findInstaller }: Ground): InstallDeps {
  return {
    boot,
    slots: slotFolders(config.slotsDir),
    artifactPath: (sha256) => verifiedPath(paths.downloads, sha256),
    findInstaller,
    now: ambient.now,
  };
}

function trialDeps({ config, ambient, boot, server }: Ground, log: Log): TrialDeps {
  const { signal, milliseconds } = ambient;
  return openTrial(config.trial, {
    boot,
    slotsDir: config.slotsDir,
    answerMs: ANSWER_MS,
    reachServer: () =>
      server.assignment(undefined).then(
        () => true,
        () => false, // away or unwilling: the trial goes on, until its deadline
      ),
    milliseconds,
    pause: pauseOf(signal),
    log,
  });
}

/** A pause that ends with `Stopped` when the agent is told to end. */
function pauseOf(signal: AbortSignal): (milliseconds: number) => Promise<void> {
  return async (ms) => {
    await pause(ms, signal);
    requireRunning(signal);
  };
}

function baseOf(address: string): URL {
  return new URL(address.endsWith('/') ? address : `${address}/`);
}
