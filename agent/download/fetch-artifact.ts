import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../../shared/trust/refusal.ts';
import { NoSpace } from '../install/free-space.ts';
import type { Step } from '../run-update.ts';
import { slotsFor, staysInSlot } from '../modules/in-place.ts';
import { updateOf, withSlot, type AgentState, type Slot } from '../state/agent-state.ts';
import { countRetry, mayRetry } from '../state/retries.ts';
import { failed, refusedRelease } from '../state/endings.ts';
import { isOfPlatform } from '../platform-error.ts';
import { NotThere, type NamedBlob } from './download-blob.ts';
import { tryAgain, type TryDeps } from './try-again.ts';

/** What fetching artifacts needs. */
export interface FetchDeps extends TryDeps {
  readonly limitBytes: number;
  readonly currentSlot: () => Promise<Slot | undefined>;
  readonly milliseconds: () => number;
  readonly now: () => Date;
}

/** DESIGN §2, step 7. Afterwards every artifact stands under its verified name. */
export async function fetchArtifacts(deps: FetchDeps, state: AgentState): Promise<Step> {
  const { artifacts } = updateOf(state);
  const begun = deps.milliseconds();
  try {
    for (const artifact of artifacts) requireLimit(artifact, deps.limitBytes);
    await mkdir(deps.folder, { recursive: true, mode: 0o700 });
    await forgetOthers(deps.folder, artifacts);
    for (const artifact of artifacts) {
      const trouble = await tryAgain(deps, artifact);
      if (trouble !== undefined) return { outcome: 'later', trouble };
    }
  } catch (cause) {
    if (cause instanceof Refusal) {
      const remember = (before: AgentState): AgentState =>
        refusedRelease(before, cause, deps.now());
      return { outcome: 'refused', remember };
    }
    return failedOrLater(state, cause);
  }
  const running = await deps.currentSlot();
  const download = Math.round(deps.milliseconds() - begun);
  return { outcome: 'done', remember: (before) => decideSlots(before, running, download) };
}

/** From here on the spare slot holds nothing that anybody may count on. */
function decideSlots(state: AgentState, running: Slot | undefined, download: number): AgentState {
  const update = updateOf(state);
  const slots = slotsFor(update.artifacts, running);
  const milliseconds = { ...update.milliseconds, download };
  const decided = { ...state, update: { ...update, slots, milliseconds }, retried: null };
  if (staysInSlot(decided)) return decided;
  return withSlot(decided, slots.to, null);
}

/** Nobody is to blame, so it is tried again at a later poll; but not for ever. */
function failedOrLater(state: AgentState, cause: unknown): Step {
  const { reason, message } = whyNot(cause);
  if (mayRetry(state, reason)) {
    const trouble = { code: `download_${reason}`, detail: message };
    return { outcome: 'later', trouble, remember: countRetry };
  }
  const remember = (before: AgentState): AgentState => ({
    ...failed(before, reason, message),
    retried: null,
  });
  return { outcome: 'failed', remember };
}

function whyNot(cause: unknown): {
  readonly reason: 'network' | 'disk';
  readonly message: string;
} {
  if (cause instanceof NotThere) return { reason: 'network', message: cause.message };
  if (cause instanceof NoSpace || isOfPlatform(cause)) {
    return { reason: 'disk', message: cause.message };
  }
  throw cause;
}

function requireLimit({ length }: NamedBlob, limitBytes: number): void {
  if (length > limitBytes) {
    throw new Refusal(
      'archive_too_large',
      `the artifact has ${length} bytes, this device takes ${limitBytes}`,
    );
  }
}

/** Artifacts of earlier updates are of no use any more. */
async function forgetOthers(folder: string, wanted: readonly NamedBlob[]): Promise<void> {
  const isWanted = (name: string): boolean => wanted.some(({ sha256 }) => name.startsWith(sha256));
  for (const name of await readdir(folder)) {
    if (!isWanted(name)) await rm(join(folder, name), { force: true });
  }
}
