/**
 * The update, as data. Each row says what the agent does on entering a stage, where each outcome
 * leads, where it wakes up if the power goes while it is there, and how often it may wake there
 * before the update is given up. The stage is on disk before its work starts, so `afterPowerCut` is
 * always read from the row that was interrupted. A planned reboot is a power cut we asked for.
 */
export const MACHINE = {
  idle: {
    run: 'wait_for_assignment',
    on: { done: 'verifying' },
    afterPowerCut: 'idle',
    mayWake: Infinity,
  },
  verifying: {
    run: 'verify_release',
    on: { done: 'downloading', nothing: 'idle', later: 'idle', refused: 'idle' },
    afterPowerCut: 'idle', // nothing has begun: the server, or its retained message, offers it again
    mayWake: Infinity,
  },
  downloading: {
    run: 'fetch_artifact',
    on: { done: 'installing', later: 'idle', refused: 'rolling_back', failed: 'rolling_back' },
    afterPowerCut: 'downloading',
    mayWake: 100, // a device that is off most of the day goes on where it stood, each time
  },
  installing: {
    run: 'write_spare_slot',
    on: { done: 'activating', refused: 'rolling_back', failed: 'rolling_back' },
    // A half-written slot is never trusted, and the artifact is hashed again before it is unpacked.
    afterPowerCut: 'downloading',
    mayWake: 5,
  },
  activating: {
    run: 'switch_slot',
    on: { done: 'trial', refused: 'rolling_back', failed: 'rolling_back' },
    afterPowerCut: 'activating', // was it switched and restarted? doing both again answers that
    mayWake: 3,
  },
  trial: {
    run: 'probe_health', // fails too when the boot loader has already fallen back
    on: { done: 'committing', failed: 'rolling_back' },
    afterPowerCut: 'trial',
    mayWake: 3,
  },
  committing: {
    run: 'make_permanent',
    on: { done: 'idle', failed: 'rolling_back' },
    afterPowerCut: 'trial', // whichever slot booted says whether it became permanent
    mayWake: 3,
  },
  rolling_back: {
    run: 'return_to_previous_slot',
    on: { done: 'idle' },
    afterPowerCut: 'rolling_back',
    mayWake: Infinity, // there is nothing behind it to fall back to
  },
} as const satisfies Readonly<Record<Stage, Row>>;

export const STAGES = [
  'idle',
  'verifying',
  'downloading',
  'installing',
  'activating',
  'trial',
  'committing',
  'rolling_back',
] as const;
/** Where an update stands. */
export type Stage = (typeof STAGES)[number];

/** What a stage came to. `later`: the world was not ready (network, window); nothing is held against anybody. */
export type Outcome = 'done' | 'nothing' | 'later' | 'refused' | 'failed';

/** What a stage does. */
export type Effect =
  | 'wait_for_assignment'
  | 'verify_release'
  | 'fetch_artifact'
  | 'write_spare_slot'
  | 'switch_slot'
  | 'probe_health'
  | 'make_permanent'
  | 'return_to_previous_slot';

interface Row {
  readonly run: Effect;
  readonly on: Readonly<Partial<Record<Outcome, Stage>>>;
  readonly afterPowerCut: Stage;
  /** No reboot loops: past this many wake-ups in this stage, the update is rolled back. */
  readonly mayWake: number;
}

const rows: Readonly<Record<Stage, Row>> = MACHINE;

/** Where `outcome` leads. An outcome that the row does not list is a bug, never a guess. */
export function next(stage: Stage, outcome: Outcome): Stage {
  const target = rows[stage].on[outcome];
  if (target === undefined) throw new Error(`bug: '${outcome}' cannot happen while ${stage}`);
  return target;
}

/** Where the agent goes on after the power went in `interrupted`. */
export function wakeUp(interrupted: Stage): Stage {
  return rows[interrupted].afterPowerCut;
}

/** How often the agent may wake up in `stage` during one update. */
export function mayWake(stage: Stage): number {
  return rows[stage].mayWake;
}

/** The work of a stage. */
export function effectOf(stage: Stage): Effect {
  return rows[stage].run;
}
