import type { AgentState } from '../state/agent-state.ts';

/** More would only wear the flash: something here writes into its own release again and again. */
const MAX_REPAIRS = 3;

/** Whether the release that runs shall be installed anew; by policy, and not for ever. */
export function wantsRepair(
  { drift }: AgentState,
  manifestSha256: string,
  mayRepair: boolean,
): boolean {
  if (!mayRepair || drift?.manifestSha256 !== manifestSha256) return false;
  return drift.installedSha256 !== null && drift.repairs < MAX_REPAIRS;
}

/** A repair begins: it is counted, and the slot that it leaves is of no more interest. */
export function countRepair(state: AgentState): AgentState {
  const { drift } = state;
  if (drift === null) return state;
  return { ...state, drift: { ...drift, installedSha256: null, repairs: drift.repairs + 1 } };
}
