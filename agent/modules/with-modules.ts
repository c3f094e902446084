import { installedDigestIfKnown } from '../../shared/release/installed-digest.ts';
import { after, type Step } from '../run-update.ts';
import {
  updateOf,
  withSlot,
  type AgentState,
  type InstalledComponent,
} from '../state/agent-state.ts';
import { failedStep } from '../failed-step.ts';
import { digestsOf, installModules, withDigests } from './install-modules.ts';
import type { ModuleDeps } from './module-deps.ts';
import { ModuleFailure } from './module-failure.ts';
import { NO_MODULES, type ModuleEntry } from './module-journal.ts';
import { openModuleLog, requireUninterrupted, type ModuleLog } from './module-log.ts';
import { moduleTypeOf } from './module-type.ts';
import { rollBackModules } from './roll-back-modules.ts';

type Work = () => Promise<Step>;

/** The switch of the slot, with what modules do before and after it. */
export async function activateWithModules(
  deps: ModuleDeps,
  state: AgentState,
  switchSlot: Work,
): Promise<Step> {
  return withLog(deps, state, switchSlot, async (log) => {
    const step = await installModules(deps, log, switchSlot);
    if (step.outcome !== 'done') return step;
    const digests = await digestsOf(deps, state, log);
    return after(step, (before) => withDigests(before, digests));
  });
}

/** The trial, unless a module was cut short in the commit that came after an earlier one. */
export async function tryWithModules(
  deps: ModuleDeps,
  state: AgentState,
  trial: Work,
): Promise<Step> {
  return withLog(deps, state, trial, (log) => {
    requireUninterrupted(log);
    return trial();
  });
}

/** `ArtifactCommit` of each module, and then the slot: until that one is done, all of it can go back. */
export async function commitWithModules(
  deps: ModuleDeps,
  state: AgentState,
  makePermanent: Work,
): Promise<Step> {
  return withLog(deps, state, makePermanent, async (log) => {
    requireUninterrupted(log);
    for (const entry of log.entries()) {
      if (entry.phase !== 'ready') continue;
      await log.note({ ...entry, phase: 'committing' });
      await deps.runner.run(entry, 'ArtifactCommit');
      await log.note({ ...entry, phase: 'committed' });
    }
    return makePermanent();
  });
}

/** The way back, and the truth about what did not come along. */
export async function returnWithModules(
  deps: ModuleDeps,
  state: AgentState,
  returnToPreviousSlot: Work,
): Promise<Step> {
  if (!hasModules(state)) return returnToPreviousSlot();
  const log = await openModuleLog(deps.journal, updateOf(state).release.manifestSha256);
  const step = await rollBackModules(deps, log, returnToPreviousSlot);
  const left = log.entries().filter(({ phase }) => phase === 'not_rolled_back');
  return after(step, (before) => withLeftBehind(before, left));
}

/**
 * `Cleanup`, once how the update ended is on disk: until then a module needs what it rolls back with.
 * Called at each start, so a cut in between only delays it.
 */
export async function cleanUpModules(deps: ModuleDeps): Promise<void> {
  const { entries } = (await deps.journal.load()) ?? NO_MODULES;
  if (entries.length === 0) return;
  for (const entry of entries) {
    try {
      await deps.runner.run(entry, 'Cleanup');
    } catch (cause) {
      if (!(cause instanceof ModuleFailure)) throw cause; // it is in the log; nothing depends on it
    }
  }
  await deps.removeTrees();
  await deps.journal.save(NO_MODULES);
}

async function withLog(
  deps: ModuleDeps,
  state: AgentState,
  plain: Work,
  work: (log: ModuleLog) => Promise<Step>,
): Promise<Step> {
  if (!hasModules(state)) return plain();
  const log = await openModuleLog(deps.journal, updateOf(state).release.manifestSha256);
  try {
    requireAll(state, log);
    return await work(log);
  } catch (cause) {
    if (!(cause instanceof ModuleFailure)) throw cause;
    const { reason, message } = cause;
    return failedStep(reason, message);
  }
}

/** A journal that was lost must not pass for modules that have nothing to do. */
function requireAll(state: AgentState, log: ModuleLog): void {
  const noted = new Set(log.entries().map(({ component }) => component));
  for (const { component, installer } of updateOf(state).artifacts) {
    if (moduleTypeOf(installer) === undefined || noted.has(component)) continue;
    const detail = `what the module of ${component} has done is not known any more`;
    throw new ModuleFailure('module_interrupted', detail);
  }
}

function hasModules({ update }: AgentState): boolean {
  return update?.artifacts.some(({ installer }) => moduleTypeOf(installer) !== undefined) ?? false;
}

/** What could not be taken back stands there, and nobody can say what that is. */
function withLeftBehind(state: AgentState, left: readonly ModuleEntry[]): AgentState {
  if (left.length === 0) return state;
  const whys = left.map(({ component, why }) => `${component} was not rolled back: ${why}`);
  const told = withDetail(state, whys.join('; '));
  const from = state.update?.slots?.from ?? null;
  const installed = from === null ? null : told.slots[from];
  if (from === null || installed === null) return told;
  const names = new Set(left.map(({ component }) => component));
  const unproven = (each: InstalledComponent): InstalledComponent =>
    names.has(each.component) ? { ...each, installedSha256: null } : each;
  const components = installed.components.map(unproven);
  const kept = installed.kept?.map(unproven);
  const installedSha256 = installedDigestIfKnown(components);
  const known = { ...installed, components, installedSha256, ...(kept && { kept }) };
  return withSlot(told, from, known);
}

const DETAIL_CHARACTERS = 2_000;

function withDetail(state: AgentState, words: string): AgentState {
  const { ending } = state;
  if (ending === null || !('detail' in ending)) return state;
  const detail = `${ending.detail}; ${words}`.slice(0, DETAIL_CHARACTERS);
  return { ...state, ending: { ...ending, detail } };
}
