import type { Database, Tx } from '../database/schema.ts';
import { stepRollout, type StepDeps } from '../rollouts/step.ts';
import type { Notice } from './signal-store.ts';
import { storeMessage, type Message, type Stored, type StoreMessageDeps } from './store-message.ts';

export interface IngestDeps extends StepDeps, StoreMessageDeps {
  readonly db: Database;
  /** Sends what was signed to the devices. Nobody waits for it: it is on disk. */
  readonly announce: (deviceIds: readonly string[]) => void;
  /** A device noticed an attack: for the log. */
  readonly noticed: (notice: Notice) => void;
  /** Goes on with a rollout that has more to offer or to take back than one batch. */
  readonly carryOut: (rollout: string) => void;
}

/** What one transaction did, for after its commit. */
interface Done {
  readonly outcomes: readonly Stored[];
  readonly told: readonly string[];
  readonly unfinished: readonly string[];
}

/** Messages that one transaction takes: an fsync costs as much as storing a hundred reports. */
const MAX_GROUP = 64;

/**
 * Stores messages of many devices in as few transactions as there is time for: while one is being
 * written the next ones gather. A promise is kept once its transaction is on disk, never before.
 */
export function reportIngest(deps: IngestDeps): (message: Message) => Promise<Stored> {
  const waiting: Waiting[] = [];
  let writing = false;

  async function write(): Promise<void> {
    writing = true;
    while (waiting.length > 0) await writeGroup(waiting.splice(0, MAX_GROUP), deps);
    writing = false;
  }

  return (message) =>
    new Promise((resolve, reject) => {
      waiting.push({ message, resolve, reject });
      if (!writing) void write();
    });
}

interface Waiting {
  readonly message: Message;
  readonly resolve: (outcome: Stored) => void;
  readonly reject: (reason: unknown) => void;
}

async function writeGroup(group: readonly Waiting[], deps: IngestDeps): Promise<void> {
  const done = await commit(
    group.map(({ message }) => message),
    deps,
  ).catch((cause: unknown) => ({ cause }));
  if ('cause' in done) {
    // One message must not take its neighbours down with it.
    if (group.length > 1) for (const each of group) await writeGroup([each], deps);
    else group[0]?.reject(done.cause);
    return;
  }
  group.forEach(({ resolve, reject }, index) => {
    const outcome = done.outcomes[index];
    if (outcome === undefined) reject(new Error('bug: a message without an outcome'));
    else resolve(outcome);
    if (outcome?.kind === 'stored') outcome.notices.forEach(deps.noticed);
  });
  deps.announce(done.told);
  done.unfinished.forEach(deps.carryOut);
}

async function commit(messages: readonly Message[], deps: IngestDeps): Promise<Done> {
  return deps.db.transaction().execute(async (tx) => {
    const outcomes: Stored[] = [];
    for (const message of messages) outcomes.push(await storeMessage(tx, message, deps));
    const retold = messages.flatMap(({ device }, index) => {
      const outcome = outcomes[index];
      return outcome?.kind === 'stored' && outcome.retold ? [device] : [];
    });
    if (retold.length > 0) await deps.signAssignments(tx, retold);
    return { outcomes, ...(await stepAll(tx, retold, { outcomes, deps })) };
  });
}

/** The rollout decides in the same transaction as the receipt that moves it. */
async function stepAll(
  tx: Tx,
  retold: readonly string[],
  { outcomes, deps }: { readonly outcomes: readonly Stored[]; readonly deps: IngestDeps },
): Promise<Omit<Done, 'outcomes'>> {
  const kept = outcomes.filter((outcome) => outcome.kind === 'stored');
  const moves = kept.flatMap(({ move }) => (move === undefined ? [] : [move]));
  const moved = [
    ...kept.flatMap(({ rollout }) => (rollout === undefined ? [] : [rollout])),
    ...moves.map(({ rollout }) => rollout),
  ];
  const told = [...retold, ...moves.flatMap((move) => move.told)];
  const unfinished: string[] = [];
  for (const rollout of new Set(moved)) {
    const batch = await stepRollout(tx, rollout, deps);
    told.push(...batch.told);
    if (batch.more) unfinished.push(rollout);
  }
  return { told: [...new Set(told)], unfinished };
}
