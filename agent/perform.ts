import { returnToPreviousSlot, makePermanent, switchSlot } from './boot/switch-slot.ts';
import type { BootControl } from './boot/boot-control.ts';
import { heedConditions, type ConditionDeps } from './conditions/heed-conditions.ts';
import { endWaiting } from './conditions/waiting-state.ts';
import { failOnBootTrouble } from './boot/fail-on-boot-trouble.ts';
import { fetchArtifacts, type FetchDeps } from './download/fetch-artifact.ts';
import { probeHealth, type TrialDeps } from './health/probe-health.ts';
import { withHooks, type HookDeps } from './hooks/with-hooks.ts';
import { writeSpareSlot, type InstallDeps } from './install/write-spare-slot.ts';
import { troubleOf } from './link/trouble.ts';
import { Unreachable } from './link/unreachable.ts';
import type { Log } from './log.ts';
import { effectOf, type Effect } from './machine.ts';
import type { ModuleDeps } from './modules/module-deps.ts';
import {
  activateWithModules,
  commitWithModules,
  returnWithModules,
  tryWithModules,
} from './modules/with-modules.ts';
import {
  heedAfterDownload,
  heedAfterTrial,
  heedBeforeSwitch,
  learnRecalls,
  type RecallDeps,
} from './recall/heed-recalls.ts';
import type { Step } from './run-update.ts';
import type { AgentState } from './state/agent-state.ts';
import type { Offer } from './verify/offer.ts';
import { verifyRelease, type VerifyDeps } from './verify/verify-release.ts';

/** What the stages of an update need of the world, each its own part. */
export interface StageDeps {
  readonly verify: VerifyDeps;
  readonly conditions: ConditionDeps;
  readonly recalls: RecallDeps;
  readonly fetch: FetchDeps;
  readonly install: InstallDeps;
  readonly trial: TrialDeps;
  readonly hooks: HookDeps;
  readonly modules: ModuleDeps;
  readonly boot: BootControl;
  readonly log: Log;
}

/** Does the work of the stage that `state` is in. `offer` is what verifying looks at. */
export function performer(
  deps: StageDeps,
  offer: () => Offer | undefined,
): (state: AgentState) => Promise<Step> {
  const effects: Readonly<Record<Effect, (state: AgentState) => Promise<Step>>> = {
    wait_for_assignment: () => Promise.resolve({ outcome: 'done' }),
    verify_release: async (state) => {
      const offered = offer();
      if (offered === undefined) throw new Error('bug: verifying without an offer');
      const step = await laterIfUnreachable(deps.log, () =>
        verifyRelease(deps.verify, state, offered),
      );
      return endWaiting(await learnRecalls(deps.recalls, state, step));
    },
    fetch_artifact: async (state) => {
      const step = await fetchArtifacts(deps.fetch, state);
      const heeded = await heedAfterDownload(deps.recalls, state, step);
      return heedConditions(deps.conditions, state, heeded);
    },
    write_spare_slot: (state) => writeSpareSlot(deps.install, state),
    switch_slot: (state) =>
      heedBeforeSwitch(deps.recalls, state, () =>
        activateWithModules(deps.modules, state, () => switchSlot(deps.boot, state)),
      ),
    probe_health: async (state) => {
      const trial = (): Promise<Step> => probeHealth(deps.trial, state);
      const step = await tryWithModules(deps.modules, state, trial);
      return heedAfterTrial(deps.recalls, state, step);
    },
    make_permanent: (state) =>
      commitWithModules(deps.modules, state, () => makePermanent(deps.boot, state)),
    return_to_previous_slot: (state) =>
      returnWithModules(deps.modules, state, () =>
        returnToPreviousSlot(deps.boot, state, (detail) => {
          deps.log('restart_failed', { stage: state.stage, detail });
        }),
      ),
  };
  const work = (state: AgentState): Promise<Step> => effects[effectOf(state.stage)](state);
  return withHooks(deps.hooks, failOnBootTrouble(work));
}

/** A network error is never held against the offer: it was not verified, and not refused either. */
async function laterIfUnreachable(log: Log, verify: () => Promise<Step>): Promise<Step> {
  try {
    return await verify();
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    log('server_unreachable', { detail: cause.message });
    return { outcome: 'later', trouble: troubleOf(cause) };
  }
}
