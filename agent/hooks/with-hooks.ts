import type { FailureReason } from '../../shared/protocol/report.ts';
import { MACHINE, type Outcome, type Stage } from '../machine.ts';
import type { Step } from '../run-update.ts';
import type { AgentState } from '../state/agent-state.ts';
import { failedStep } from '../failed-step.ts';
import { runHooks, type HooksSaid, type Moment, type RunHooksDeps } from './run-hooks.ts';

/** What hooks around stages need. */
export interface HookDeps extends RunHooksDeps {
  readonly retryMs: number;
  readonly patienceMs: number;
  /** Does not jump when the clock is set. */
  readonly milliseconds: () => number;
  /** Throws when the agent was told to end. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

type Perform = (state: AgentState) => Promise<Step>;

/** A hook that says no before anything was touched is the device's own affair, not the release's. */
const REASONS: Readonly<Partial<Record<Stage, FailureReason>>> = {
  downloading: 'internal',
  installing: 'internal',
  activating: 'activation',
  trial: 'health',
  committing: 'health',
};

/**
 * Puts the device owner's hooks around the work of each stage. After a power cut a stage begins
 * anew, so its hooks may run twice.
 */
export function withHooks(deps: HookDeps, perform: Perform): Perform {
  return async (state) => {
    const refused = await before(deps, state);
    if (refused !== undefined) return refused;
    const step = await perform(state);
    return (await after(deps, state, step)) ?? step;
  };
}

async function before(deps: HookDeps, state: AgentState): Promise<Step | undefined> {
  const { stage } = state;
  const said = allows(stage, 'later')
    ? await runOnce(deps, state, 'before')
    : await runUntilSettled(deps, state, 'before');
  return said.kind === 'continue' ? undefined : stepOf(deps, state, said);
}

/** Of a stage that came to nothing there is nothing to say; of one that failed, hooks may hear. */
async function after(deps: HookDeps, state: AgentState, step: Step): Promise<Step | undefined> {
  const { outcome } = step;
  if (outcome === 'nothing' || outcome === 'later') return undefined;
  const called = state.update === null ? (step.remember?.(state) ?? state) : state;
  if (outcome !== 'done' || isPastRefusing(state.stage)) {
    await runOnce(deps, called, 'after', outcome);
    return undefined;
  }
  const said = await runUntilSettled(deps, called, 'after', outcome);
  return said.kind === 'continue' ? undefined : stepOf(deps, state, said);
}

/** A commit has happened and a rollback has nothing behind it: hooks hear of them, no more. */
function isPastRefusing(stage: Stage): boolean {
  return stage === 'committing' || stage === 'rolling_back';
}

function stepOf(
  { log }: HookDeps,
  state: AgentState,
  { kind, detail }: Exclude<HooksSaid, { readonly kind: 'continue' }>,
): Step | undefined {
  const { stage } = state;
  if (kind === 'later' && allows(stage, 'later')) return { outcome: 'later' };
  if (allows(stage, 'failed')) {
    const reason = REASONS[stage] ?? 'internal';
    return failedStep(reason, detail);
  }
  // While verifying there is no update yet that could fail: it is left alone until the next poll.
  log('hook_refused', { stage, detail });
  return allows(stage, 'later') ? { outcome: 'later' } : undefined;
}

/** "Later" where the update cannot be put aside: the same hooks again, until patience ends. */
async function runUntilSettled(
  deps: HookDeps,
  state: AgentState,
  moment: Moment,
  outcome?: Outcome,
): Promise<HooksSaid> {
  const begun = deps.milliseconds();
  for (;;) {
    const said = await runOnce(deps, state, moment, outcome);
    if (said.kind !== 'later' || state.stage === 'rolling_back') return said;
    if (deps.milliseconds() - begun >= deps.patienceMs) {
      return { kind: 'failed', detail: `${said.detail}, for longer than is allowed` };
    }
    deps.log('hook_waits', { stage: state.stage, detail: said.detail });
    deps.onRun(deps.retryMs);
    await deps.pause(deps.retryMs);
  }
}

function runOnce(
  deps: HookDeps,
  { stage, update }: AgentState,
  moment: Moment,
  outcome?: Outcome,
): Promise<HooksSaid> {
  const { release, slots } = update ?? {};
  return runHooks(deps, {
    stage,
    moment,
    environment: {
      ...(outcome && { SEALIFT_OUTCOME: outcome }),
      ...(slots && { SEALIFT_SLOT: slots.to }),
      ...(release && {
        SEALIFT_PRODUCT: release.product,
        SEALIFT_VERSION: release.version,
        SEALIFT_MANIFEST: release.manifestSha256,
      }),
    },
  });
}

function allows(stage: Stage, outcome: Outcome): boolean {
  return outcome in MACHINE[stage].on;
}
