import { manifestPath } from '../../shared/release/names.ts';
import { recalled } from '../../shared/trust/join.ts';
import type { BootControl } from '../boot/boot-control.ts';
import { staysInSlot } from '../modules/in-place.ts';
import { after, type Step } from '../run-update.ts';
import { slotsOf, updateOf, type AgentState, type Installed } from '../state/agent-state.ts';
import { failed, refusedRelease } from '../state/endings.ts';
import { rememberRecalls, tellOfRecall } from './remember-recalls.ts';

/** What heeding recalls needs. */
export interface RecallDeps {
  /** What the author has recalled, by what this device has verified up to now; touches no network. */
  readonly known: () => Promise<readonly string[]>;
  /** The same, after asking the server if it can be reached. */
  readonly ask: () => Promise<readonly string[]>;
  readonly running: (state: AgentState) => Promise<Installed | null>;
  readonly boot: Pick<BootControl, 'current' | 'primary'>;
  readonly now: () => Date;
}

/** After an offer was looked at: what the metadata behind it recalls is remembered, whatever came of it. */
export async function learnRecalls(deps: RecallDeps, state: AgentState, step: Step): Promise<Step> {
  const { outcome } = step;
  const running = await deps.running(state);
  // With nothing assigned nobody has looked at the author's word yet: it may be about what runs here.
  const asks = outcome === 'nothing' && running !== null;
  const recalls = asks ? await deps.ask() : await deps.known();
  const tells = outcome === 'nothing' || outcome === 'later';
  return after(step, (before) => {
    const learned = rememberRecalls(before, recalls);
    return tells ? tellOfRecall(learned, running) : learned;
  });
}

/** After the download, done or not: a file may be withheld for the very reason that it was recalled. */
export async function heedAfterDownload(
  deps: RecallDeps,
  state: AgentState,
  step: Step,
): Promise<Step> {
  if (step.outcome === 'refused') return step;
  return (await recallOf(deps, state)) ?? step;
}

/** Before the switch, which is done only for a release that nobody has recalled. */
export async function heedBeforeSwitch(
  deps: RecallDeps,
  state: AgentState,
  work: () => Promise<Step>,
): Promise<Step> {
  const { to } = slotsOf(state);
  const hasSwitched =
    !staysInSlot(state) &&
    ((await deps.boot.current()) === to || (await deps.boot.primary()) === to);
  const recall = hasSwitched ? await fallOf(deps, state) : await recallOf(deps, state);
  return recall ?? work();
}

/** After a trial that passed: there is still a release to go back to, and there will not be for long. */
export async function heedAfterTrial(
  deps: RecallDeps,
  state: AgentState,
  step: Step,
): Promise<Step> {
  if (step.outcome !== 'done') return step;
  return (await fallOf(deps, state)) ?? step;
}

/** The refusal of the update under way, if its release is recalled; the running one was not touched. */
async function recallOf(deps: RecallDeps, state: AgentState): Promise<Step | undefined> {
  const recalls = await recallsAgainst(deps, state);
  if (recalls === undefined) return undefined;
  const remember = (before: AgentState): AgentState =>
    refusedRelease(rememberRecalls(before, recalls), refusalOf(state), deps.now());
  return { outcome: 'refused', remember };
}

/** The same once it may run: then going back is a rollback. */
async function fallOf(deps: RecallDeps, state: AgentState): Promise<Step | undefined> {
  const recalls = await recallsAgainst(deps, state);
  if (recalls === undefined) return undefined;
  const { message } = refusalOf(state);
  const remember = (before: AgentState): AgentState =>
    failed(rememberRecalls(before, recalls), 'recalled', message);
  return { outcome: 'failed', remember };
}

/** What is recalled, if that is the release of the update under way. */
async function recallsAgainst(
  deps: RecallDeps,
  state: AgentState,
): Promise<readonly string[] | undefined> {
  const { manifestSha256 } = updateOf(state).release;
  if (state.recalledReleases.includes(manifestSha256)) return state.recalledReleases;
  const recalls = await deps.ask();
  return recalls.includes(manifestSha256) ? recalls : undefined;
}

function refusalOf(state: AgentState): ReturnType<typeof recalled> {
  const { product, version } = updateOf(state).release;
  return recalled(manifestPath(product, version), 'while the update was under way');
}
