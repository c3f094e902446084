import type { Repository } from '../shared/trust/repository.ts';
import type { BootControl } from './boot/boot-control.ts';
import { openConditions } from './conditions/open-conditions.ts';
import { readFirstRoot } from './config/configured-file.ts';
import { verifiedPath } from './download/download-blob.ts';
import type { FetchDeps } from './download/fetch-artifact.ts';
import type { Ground } from './ground.ts';
import type { TrialDeps } from './health/probe-health.ts';
import { openTrial } from './health/open-trial.ts';
import { openHooks } from './hooks/open-hooks.ts';
import { requireSpace } from './install/free-space.ts';
import { slotFolders } from './install/slot-folders.ts';
import type { InstallDeps } from './install/write-spare-slot.ts';
import { ANSWER_MS, BACKOFF, paceOf } from './link/patience.ts';
import type { Log } from './log.ts';
import type { Modules } from './modules/open-modules.ts';
import { pause } from './pause.ts';
import { pauseOf } from './pause-or-stop.ts';
import type { StageDeps } from './perform.ts';
import { askForRecalls } from './recall/ask-for-recalls.ts';
import type { RecallDeps } from './recall/heed-recalls.ts';
import { recallsInRole } from './recall/recalls-in-role.ts';
import { metadataFolder } from './verify/metadata-folder.ts';
import type { VerifyDeps } from './verify/verify-release.ts';
import { installedNow } from './world.ts';

/** What comes between two hooks or modules, on a busy board. */
const RUN_MARGIN_MS = 60_000;

/** Builds what each stage of an update needs. */
export async function openStages(world: Ground, modules: Modules, log: Log): Promise<StageDeps> {
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
