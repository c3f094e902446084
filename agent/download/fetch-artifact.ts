import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../../shared/trust/refusal.ts';
import { NoSpace } from '../install/free-space.ts';
import { backoffMs, type Backoff } from '../link/backoff.ts';
import { Unreachable } from '../link/unreachable.ts';
import type { Step } from '../run-update.ts';
import {
  spareOf,
  updateOf,
  type AgentState,
  type Slot,
  type Update,
} from '../state/agent-state.ts';
import { failed, refused } from '../state/endings.ts';
import { isOfPlatform } from '../platform-error.ts';
import { BrokenOff } from './receive.ts';
import {
  downloadBlob,
  NotThere,
  SpoiledResume,
  type DownloadDeps,
  type NamedBlob,
} from './download-blob.ts';

/** What fetching an artifact needs. */
export interface FetchDeps extends DownloadDeps {
  readonly limitBytes: number;
  readonly currentSlot: () => Promise<Slot | undefined>;
  readonly backoff: Backoff;
  readonly random: () => number;
  /** Answers false when the agent was told to end meanwhile. */
  readonly pause: (milliseconds: number) => Promise<boolean>;
  readonly now: () => Date;
}

/** Tries in a row that brought nothing, before the server is left alone until the next poll. */
const TRIES = 6;
/** A try that brought at least this much was not in vain. */
const PROGRESS_BYTES = 64 * 1_024;

/** DESIGN §2, step 7. Afterwards the artifact stands under its verified name. */
export async function fetchArtifact(deps: FetchDeps, state: AgentState): Promise<Step> {
  const { artifact, release } = updateOf(state);
  const begun = deps.milliseconds();
  try {
    requireLimit(artifact, deps.limitBytes);
    await mkdir(deps.folder, { recursive: true, mode: 0o700 });
    await forgetOthers(deps.folder, artifact);
    if (!(await tryAgain(deps, artifact))) return { outcome: 'later' };
  } catch (cause) {
    if (cause instanceof Refusal) {
      const said = { refusal: cause, release, path: null };
      const remember = (before: AgentState): AgentState => ({
        ...refused(before, said, deps.now()),
        failedOffer: before.offer,
      });
      return { outcome: 'refused', remember };
    }
    return { outcome: 'failed', remember: whyNot(cause) };
  }
  const running = await deps.currentSlot();
  const download = Math.round(deps.milliseconds() - begun);
  return { outcome: 'done', remember: (before) => decideSlots(before, running, download) };
}

/** From here on the spare slot holds nothing that anybody may count on. */
function decideSlots(state: AgentState, running: Slot | undefined, download: number): AgentState {
  const update = updateOf(state);
  const to = spareOf(running);
  const decided: Update = {
    ...update,
    slots: { to, from: running ?? null },
    milliseconds: { ...update.milliseconds, download },
  };
  return { ...state, update: decided, slots: { ...state.slots, [to]: null } };
}

/** Answers false when the server could not be reached for long enough. */
async function tryAgain(deps: FetchDeps, artifact: NamedBlob): Promise<boolean> {
  let inVain = 0;
  let spoiled = 0;
  for (;;) {
    try {
      await downloadBlob(deps, artifact);
      return true;
    } catch (cause) {
      if (cause instanceof SpoiledResume && spoiled === 0) spoiled += 1;
      else if (cause instanceof BrokenOff && cause.receivedBytes >= PROGRESS_BYTES) inVain = 1;
      else if (cause instanceof Unreachable) inVain += 1;
      else throw cause;
    }
    if (inVain >= TRIES) return false;
    if (!(await deps.pause(backoffMs(inVain, deps.backoff, deps.random)))) return false;
  }
}

function whyNot(cause: unknown): (state: AgentState) => AgentState {
  if (cause instanceof NotThere) return (state) => failed(state, 'network', cause.message);
  if (cause instanceof NoSpace || isOfPlatform(cause)) {
    return (state) => failed(state, 'disk', cause.message);
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
async function forgetOthers(folder: string, { sha256 }: NamedBlob): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((other) => !other.startsWith(sha256))) {
    await rm(join(folder, name), { force: true });
  }
}
