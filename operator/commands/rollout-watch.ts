import { Failure } from '../failure.ts';
import type { Rollout, RolloutState } from '../operate/answers.ts';
import type { Api } from '../operate/api.ts';
import { connect, type CommonOptions, type Session } from './session.ts';
import { facts, table } from './table.ts';

export interface WatchOptions extends CommonOptions {
  readonly until?: RolloutState;
  readonly interval: number;
}

/** The rollout ended otherwise than asked for. */
const EXIT_NOT_REACHED = 3;
/** What shells expect of a program that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;
/** A server that restarts is back by then. */
const MAX_FAILURES_IN_A_ROW = 10;

const END_STATES: ReadonlySet<RolloutState> = new Set(['completed', 'halted', 'aborted']);

/** Follows a rollout until it ends or reaches the wanted state; answers the exit code. */
export async function watchRollout(
  session: Session,
  id: string,
  { until = 'completed', interval }: WatchOptions,
): Promise<number> {
  const { world } = session;
  const { api } = await connect(session);
  const draw = drawing(session);
  for (;;) {
    const rollout = await patiently(session, api, id, interval);
    if (rollout === undefined) return EXIT_INTERRUPTED;
    draw(rollout);
    if (rollout.state === until) return 0;
    if (END_STATES.has(rollout.state)) return EXIT_NOT_REACHED;
    await world.pause(interval * 1_000);
    if (world.interrupted.aborted) return EXIT_INTERRUPTED;
  }
}

/** A rollout as a person reads it. */
export function rolloutText(rollout: Rollout): string {
  const { id, product, version, state, phase, phases, reason } = rollout;
  const head = facts([
    ['rollout', id],
    ['release', `${product} ${version}`],
    ['state', state],
    ...(reason === null ? [] : ([['reason', reason]] as const)),
  ]);
  const rows = phases.map((each, index) => [
    index === phase && !END_STATES.has(state) ? `> ${index + 1}` : `  ${index + 1}`,
    `${each.percent}%`,
    each.members,
    each.offered,
    each.proven,
    each.failed,
  ]);
  const headings = ['  phase', 'reaches', 'devices', 'offered', 'proven', 'failed'];
  return `${head}\n${table(headings, rows)}`;
}

/** The rollout now; a server that cannot be reached for a while does not end the watch. */
async function patiently(
  { world, progress }: Session,
  api: Api,
  id: string,
  interval: number,
): Promise<Rollout | undefined> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await api.rollout(id);
    } catch (error) {
      if (world.interrupted.aborted) return undefined;
      const isAway = error instanceof Failure && error.code === 'server_unreachable';
      if (!isAway || failures === MAX_FAILURES_IN_A_ROW) throw error;
      progress(`${error.message}; trying again`);
      await world.pause(interval * 1_000);
    }
  }
}

/** Shows a rollout when it changed: one JSON line, or the table, redrawn in place for a person. */
function drawing({ world, json }: Session): (rollout: Rollout) => void {
  let last = '';
  return (rollout) => {
    const line = JSON.stringify(rollout);
    if (line === last) return;
    const text = rolloutText(rollout);
    if (json) world.print(`${line}\n`);
    else if (!world.isTerminal) world.print(`${text}\n\n`);
    else world.print(`${last === '' ? '' : goUp(text)}${text}\n`);
    last = line;
  };
}

/** The table keeps its height but for a reason that came in: clear from where it began. */
function goUp(text: string): string {
  return `\u001b[${text.split('\n').length}F\u001b[J`;
}
