import type { BootControl } from '../boot/boot-control.ts';
import type { Step } from '../run-update.ts';
import { slotsOf, updateOf, type AgentState } from '../state/agent-state.ts';
import { failed } from '../state/endings.ts';
import { judgeTrial, type Observed, type TrialRule } from './judge-trial.ts';
import type { Ailment } from './probes.ts';

/** What a trial needs. */
export interface TrialDeps {
  readonly boot: Pick<BootControl, 'current'>;
  readonly rule: TrialRule;
  readonly intervalMs: number;
  /** Asks every probe; answers what is wrong, one line each. */
  readonly askProbes: () => Promise<readonly Ailment[]>;
  /** Whether the server can be reached now. Never throws. */
  readonly reachServer: () => Promise<boolean>;
  /** Does not jump when the clock is set. */
  readonly milliseconds: () => number;
  /** Throws when the agent was told to end. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** The trial: probes must hold, and the server must have been reached, before the deadline. */
export async function probeHealth(deps: TrialDeps, state: AgentState): Promise<Step> {
  const { to } = slotsOf(state);
  const fail = (reason: 'health' | 'activation', detail: string): Step => ({
    outcome: 'failed',
    remember: (before) => failed(before, reason, detail),
  });
  if ((await deps.boot.current()) !== to) return fail('activation', `slot ${to} does not run`);
  const { verdict, elapsedMs, why } = await observe(deps);
  if (verdict === 'failed') return fail('health', why);
  return {
    outcome: 'done',
    remember: (before) => {
      const update = updateOf(before);
      const milliseconds = { ...update.milliseconds, trial: Math.round(elapsedMs) };
      return { ...before, update: { ...update, milliseconds } };
    },
  };
}

interface Ended {
  readonly verdict: 'passed' | 'failed';
  readonly elapsedMs: number;
  readonly why: string;
}

async function observe(deps: TrialDeps): Promise<Ended> {
  const began = deps.milliseconds();
  let healthySinceMs: number | undefined;
  let reachedServer: boolean = false;
  for (;;) {
    const askedAtMs = deps.milliseconds() - began;
    const asked: readonly [Promise<readonly Ailment[]>, Promise<boolean>] = [
      deps.askProbes(),
      reachedServer ? Promise.resolve(true) : deps.reachServer(),
    ];
    const [answers, reached] = await Promise.all(asked);
    const ailments = answers.filter((ailment) => ailment !== undefined);
    healthySinceMs = ailments.length > 0 ? undefined : (healthySinceMs ?? askedAtMs);
    reachedServer = reached;
    const elapsedMs = deps.milliseconds() - began;
    const observed: Observed = { elapsedMs, healthySinceMs, reachedServer };
    const verdict = judgeTrial(observed, deps.rule);
    if (verdict !== 'waiting') return { verdict, elapsedMs, why: why(observed, ailments) };
    await deps.pause(deps.intervalMs);
  }
}

function why({ healthySinceMs, reachedServer }: Observed, ailments: readonly string[]): string {
  if (ailments.length > 0) return ailments.join('; ');
  if (healthySinceMs !== undefined && !reachedServer) return 'the server was not reached';
  return 'the probes were not healthy for long enough';
}
