import type { BootControl } from '../boot/boot-control.ts';
import { isOfPlatform } from '../platform-error.ts';
import type { Step } from '../run-update.ts';
import { slotsOf, updateOf, type AgentState } from '../state/agent-state.ts';
import { failedStep } from '../failed-step.ts';
import { judgeTrial, type Observed, type TrialRule } from './judge-trial.ts';
import { mostFlaps, nextRound, NO_ROUNDS, type ProbeRounds } from './observe-probes.ts';
import type { Ailment } from './ailment.ts';
import type { Watchdog } from './watchdog.ts';

/** What a trial needs. */
export interface TrialDeps {
  readonly boot: Pick<BootControl, 'current'>;
  readonly rule: TrialRule;
  readonly intervalMs: number;
  /** Asks every probe; answers what is wrong, one line each. */
  readonly askProbes: () => Promise<readonly Ailment[]>;
  /** Whether the server can be reached now. Never throws. */
  readonly reachServer: () => Promise<boolean>;
  readonly watchdog: Watchdog;
  /** Longer than any round takes: a trial that does not come round in it is stuck. */
  readonly roundMs: number;
  /** Does not jump when the clock is set. */
  readonly milliseconds: () => number;
  /** Throws when the agent was told to end. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** Committing or going back comes next, and a reboot may be part of it. */
const AFTERWARDS_MS = 600_000;

/** The trial: probes must hold, and the server must have been reached, before the deadline. */
export async function probeHealth(deps: TrialDeps, state: AgentState): Promise<Step> {
  const { to } = slotsOf(state);
  const running = await deps.boot.current();
  if (running !== to) {
    return failedStep('activation', `slot ${to} does not run, slot ${String(running)} does`);
  }
  const unarmed = await arm(deps.watchdog);
  if (unarmed !== undefined) return failedStep('internal', `the watchdog: ${unarmed}`);
  const { verdict, elapsedMs, why } = await observe(ownTrial(deps, state));
  deps.watchdog.extend(AFTERWARDS_MS);
  if (verdict === 'failed') return failedStep('health', why);
  return {
    outcome: 'done',
    remember: (before) => {
      const update = updateOf(before);
      const milliseconds = { ...update.milliseconds, trial: Math.round(elapsedMs) };
      return { ...before, update: { ...update, milliseconds } };
    },
  };
}

/** Who carried a bundle here had no server to give; none is asked, and none is waited for. */
function ownTrial(deps: TrialDeps, state: AgentState): TrialDeps {
  if (updateOf(state).isHandedOver !== true) return deps;
  const rule = { ...deps.rule, commitOfflineAfterMs: 0 };
  return { ...deps, rule, reachServer: () => Promise.resolve(false) };
}

/** Whoever configured a watchdog must not get a trial without one. */
async function arm(watchdog: Watchdog): Promise<string | undefined> {
  try {
    await watchdog.arm();
    return undefined;
  } catch (cause) {
    if (!isOfPlatform(cause)) throw cause;
    return cause.message;
  }
}

interface Ended {
  readonly verdict: 'passed' | 'failed';
  readonly elapsedMs: number;
  readonly why: string;
}

async function observe(deps: TrialDeps): Promise<Ended> {
  const began = deps.milliseconds();
  let rounds = NO_ROUNDS;
  let reachedServer: boolean = false;
  for (;;) {
    deps.watchdog.extend(deps.roundMs);
    const askedAtMs = deps.milliseconds() - began;
    const asked: readonly [Promise<readonly Ailment[]>, Promise<boolean>] = [
      deps.askProbes(),
      reachedServer ? Promise.resolve(true) : deps.reachServer(),
    ];
    const [answers, reached] = await Promise.all(asked);
    rounds = nextRound(rounds, answers, askedAtMs);
    reachedServer = reached;
    const elapsedMs = deps.milliseconds() - began;
    const { healthySinceMs } = rounds;
    const observed = { elapsedMs, healthySinceMs, flaps: mostFlaps(rounds), reachedServer };
    const verdict = judgeTrial(observed, deps.rule);
    if (verdict !== 'waiting') {
      return { verdict, elapsedMs, why: why(observed, rounds, deps.rule) };
    }
    await deps.pause(deps.intervalMs);
  }
}

function why(
  { healthySinceMs, flaps, reachedServer }: Observed,
  { ailments }: ProbeRounds,
  { maxFlaps }: TrialRule,
): string {
  const sick = ailments.join('; ');
  if (maxFlaps !== undefined && flaps > maxFlaps) {
    return `a probe broke ${flaps} times, ${maxFlaps} are allowed: ${sick}`;
  }
  if (ailments.length > 0) return sick;
  if (healthySinceMs !== undefined && !reachedServer) return 'the server was not reached';
  return 'the probes were not healthy for long enough';
}
