import type { Slot } from '../state/agent-state.ts';

/** What the boot loader believes of a slot. */
export type SlotState = 'good' | 'bad';

/**
 * How a device chooses what runs: the five questions of RAUC's custom boot loader backend, and one
 * thing to do. Everything may be called twice.
 */
export interface BootControl {
  /** The slot that runs; undefined on a device that has never had a release. */
  readonly current: () => Promise<Slot | undefined>;
  /** The slot that would run after a power cut. */
  readonly primary: () => Promise<Slot | undefined>;
  /** Durable when it returns. Undefined: nothing shall run, as before the first release. */
  readonly setPrimary: (slot: Slot | undefined) => Promise<void>;
  readonly state: (slot: Slot) => Promise<SlotState>;
  readonly setState: (slot: Slot, state: SlotState) => Promise<void>;
  /** Makes the primary slot the running one: restarts a service, or the device. */
  readonly restart: () => Promise<Restarted>;
}

/** Whether what was asked to restart did. */
export type Restarted =
  { readonly kind: 'restarted' } | { readonly kind: 'not_restarted'; readonly detail: string };
