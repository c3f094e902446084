import {
  slotsOf,
  spareOf,
  standingIn,
  updateOf,
  withSlot,
  type AgentState,
  type PlannedArtifact,
  type Slot,
  type Update,
} from '../state/agent-state.ts';
import { moduleTypeOf } from './module-type.ts';

type Artifacts = readonly Pick<PlannedArtifact, 'installer'>[];

const isOfModule = ({ installer }: Artifacts[number]): boolean =>
  moduleTypeOf(installer) !== undefined;

/**
 * Where a release goes. One of modules alone holds nothing that could stand in a slot, so the slot
 * that runs stays: the spare would be empty, and a device must not be sent there.
 */
export function slotsFor(
  artifacts: Artifacts,
  running: Slot | undefined,
): NonNullable<Update['slots']> {
  const stays = running !== undefined && artifacts.every(isOfModule);
  return { to: stays ? running : spareOf(running), from: running ?? null };
}

/** Whether the update under way leaves the slot as it is. */
export function staysInSlot({ update }: Pick<AgentState, 'update'>): boolean {
  const { slots, artifacts } = update ?? {};
  return slots?.to === slots?.from && artifacts?.every(isOfModule) === true;
}

/** The slot that runs holds a new release now, beside what modules have not replaced of the old. */
export function withPlaced(state: AgentState): AgentState {
  const { to } = slotsOf(state);
  const update = updateOf(state);
  const replaced = state.slots[to];
  const { release, securityEpoch, artifacts } = update;
  const components = artifacts.map(({ component, installer }) => {
    return { component, installer, installedSha256: null, length: null };
  });
  const names = new Set(components.map(({ component }) => component));
  const kept = replaced
    ? standingIn(replaced).filter(({ component }) => !names.has(component))
    : [];
  const placed = { release, securityEpoch, installedSha256: null, components, kept };
  return withSlot({ ...state, update: { ...update, replaced } }, to, placed);
}

/** What was noted of the slot before, because its modules are taken back. */
export function withReplaced(state: AgentState): AgentState {
  const { replaced } = updateOf(state);
  if (replaced === undefined) return state; // it had not come so far
  return withSlot(state, slotsOf(state).to, replaced);
}
