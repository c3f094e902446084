/** What an operator may do to a device, and from which states. Whatever is not here is refused. */
const ALLOWED = {
  accept: { from: ['pending', 'rejected'], to: 'accepted' },
  reject: { from: ['pending'], to: 'rejected' },
  retire: { from: ['pending', 'accepted', 'rejected'], to: 'retired' },
} as const satisfies Record<
  string,
  { readonly from: readonly DeviceState[]; readonly to: DeviceState }
>;

export type DeviceState = 'pending' | 'accepted' | 'rejected' | 'retired';
export type DeviceAction = keyof typeof ALLOWED;
export const DEVICE_STATES = ['pending', 'accepted', 'rejected', 'retired'] as const;
export const DEVICE_ACTIONS = Object.keys(ALLOWED) as readonly DeviceAction[];

/** What an action makes of a device; undefined when it is not allowed from there. */
export function deviceStateAfter(
  state: DeviceState,
  action: DeviceAction,
): DeviceState | undefined {
  const { from, to } = ALLOWED[action];
  const allowed: readonly DeviceState[] = from;
  return allowed.includes(state) ? to : undefined;
}
