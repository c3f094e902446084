/** What an operator may do to a rollout, and from which states. Whatever is not here is refused. */
const ALLOWED = {
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused'], to: 'running' },
  abort: { from: ['running', 'paused'], to: 'aborted' },
} as const satisfies Record<
  string,
  { readonly from: readonly RolloutState[]; readonly to: RolloutState }
>;

export type RolloutState = 'running' | 'paused' | 'halted' | 'completed' | 'aborted';
export type RolloutAction = keyof typeof ALLOWED;
export const ROLLOUT_ACTIONS = Object.keys(ALLOWED) as readonly RolloutAction[];

/** A product has one rollout at a time that can still offer something. */
export const LIVE_STATES = ['running', 'paused'] as const satisfies readonly RolloutState[];

/** What an action makes of a rollout; undefined when it is not allowed from there. */
export function stateAfter(state: RolloutState, action: RolloutAction): RolloutState | undefined {
  const { from, to } = ALLOWED[action];
  const allowed: readonly RolloutState[] = from;
  return allowed.includes(state) ? to : undefined;
}
