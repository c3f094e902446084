import type { Log } from '../log.ts';
import type { TrialConfig } from './health-config.ts';
import type { TrialDeps } from './probe-health.ts';
import { openProbe, patienceMs } from './probes.ts';
import { feedWatchdog, noWatchdog, type Watchdog } from './watchdog.ts';
import { openWatchdogDevice } from './watchdog-device.ts';
import { openSystemdWatchdog } from './watchdog-systemd.ts';

/** What a trial needs of the rest of the agent. */
export interface TrialGround extends Pick<
  TrialDeps,
  'boot' | 'reachServer' | 'milliseconds' | 'pause'
> {
  readonly slotsDir: string;
  /** The longest that asking the server may take. */
  readonly answerMs: number;
  readonly log: Log;
}

/** On top of what a round may take by its parts: a busy board is not a stuck one. */
const MARGIN_MS = 30_000;

/** The trial that the configuration describes. */
export function openTrial(trial: TrialConfig, ground: TrialGround): TrialDeps {
  const { boot, reachServer, milliseconds, pause, slotsDir, answerMs } = ground;
  const questions = trial.probes.map((probe) => openProbe(probe, slotsDir));
  const intervalMs = trial.intervalSeconds * 1_000;
  const longestMs = Math.max(answerMs, ...trial.probes.map(patienceMs));
  return {
    boot,
    reachServer,
    milliseconds,
    pause,
    rule: {
      holdMs: trial.holdSeconds * 1_000,
      deadlineMs: trial.deadlineSeconds * 1_000,
      commitOfflineAfterMs: offlineAfterMs(trial.commitOffline),
      maxFlaps: trial.maxFlaps,
    },
    intervalMs,
    roundMs: intervalMs + longestMs + MARGIN_MS,
    askProbes: () => Promise.all(questions.map((question) => question())),
    watchdog: openWatchdog(trial, ground),
  };
}

function offlineAfterMs(commitOffline: TrialConfig['commitOffline']): number | undefined {
  if (typeof commitOffline === 'object') return commitOffline.afterMinutes * 60_000;
  return commitOffline ? 0 : undefined;
}

function openWatchdog(
  { watchdog }: TrialConfig,
  { slotsDir, milliseconds, log }: TrialGround,
): Watchdog {
  if (watchdog === undefined) return noWatchdog;
  const open =
    watchdog.kind === 'device'
      ? () => openWatchdogDevice(watchdog.path)
      : () => openSystemdWatchdog({ timeoutMs: watchdog.timeoutSeconds * 1_000, folder: slotsDir });
  return feedWatchdog({
    open,
    intervalMs: watchdog.intervalSeconds * 1_000,
    milliseconds,
    onTrouble: (detail) => {
      log('watchdog_trouble', { detail });
    },
  });
}
