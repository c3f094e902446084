import { readdir } from 'node:fs/promises';
import { currentOrNone } from '../boot/current-or-none.ts';
import { openBoot } from '../boot/open-boot.ts';
import type { Config } from '../config/load-config.ts';
import { hasCode } from '../install/durable-file.ts';
import { readKept } from '../install/kept-twice.ts';
import { CLEAR, REACH_FORM, type Reach } from '../link/reach.ts';
import { statePaths } from '../paths.ts';
import { waitingReports } from '../report/outbox.ts';
import { firstState, type AgentState, type Installed, type Slot } from '../state/agent-state.ts';
import { STATE_FORM } from '../state/state-form.ts';
import { FIRST_FLOORS, FLOORS_FORM, type DeviceFloors } from '../verify/floors-file.ts';

/** What lies on the disk of a device, read without changing anything: the agent may be at work. */
export interface Look {
  readonly state: AgentState;
  readonly floors: DeviceFloors;
  /** How the way to the server has been. */
  readonly reach: Reach;
  readonly slot: Slot | undefined;
  readonly installed: Installed | null;
  readonly outboxLength: number;
}

/** Whoever only looks asks for no restart, and so waits for no end. */
const NEVER_RESTARTS = { bootId: '', untilEnd: (): Promise<void> => Promise.resolve() };

/** Looks at a device from outside. */
export async function look({ stateDir, slotsDir, boot }: Config): Promise<Look> {
  const paths = statePaths(stateDir);
  const state = (await readKept(paths.state, STATE_FORM)) ?? firstState();
  const slot = await currentOrNone(openBoot(boot, { slotsDir, ...NEVER_RESTARTS }));
  return {
    state,
    slot,
    floors: (await readKept(paths.floors, FLOORS_FORM)) ?? FIRST_FLOORS,
    reach: (await readKept(paths.reach, REACH_FORM)) ?? CLEAR,
    installed: slot === undefined ? null : state.slots[slot],
    outboxLength: (await namesIn(paths.outbox)) ? (await waitingReports(paths.outbox)).length : 0,
  };
}

async function namesIn(folder: string): Promise<boolean> {
  try {
    await readdir(folder);
    return true;
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return false;
    throw cause;
  }
}
