import type { Slot } from '../state/agent-state.ts';

/** What the boot loader believes of a slot. */
export type SlotState = 'good' | 'bad';

/**
 * The questions that a boot loader answers, in the shape of RAUC's custom boot loader backend.
 * Everything may be asked and done twice; what cannot be done is a `BootTrouble`.
 */
export interface BootLoader {
  /** The slot that runs; undefined on a device that has never had a release. */
  readonly current: () => Promise<Slot | undefined>;
  /** The slot that would run after a power cut. */
  readonly primary: () => Promise<Slot | undefined>;
  /** Chosen for the next restart, on trial: a boot loader that counts falls back by itself. */
  readonly setPrimary: (slot: Slot) => Promise<void>;
  readonly state: (slot: Slot) => Promise<SlotState>;
  /** `good` gives the slot its tries; `bad` makes sure that it is never started. */
  readonly setState: (slot: Slot, state: SlotState) => Promise<void>;
  /** Good and primary with no trial any more: what a commit does, and what a way back needs. */
  readonly makePermanent: (slot: Slot) => Promise<void>;
  /** Gives the running slot its tries back, where a boot loader counts every start. */
  readonly confirm?: (slot: Slot) => Promise<void>;
  /** How to restart so that `slot` is tried, where that is not the usual command. */
  readonly rebootCommand?: (slot: Slot) => Promise<readonly string[] | undefined>;
}

/** How a device chooses what runs, and makes it run. */
export interface BootControl extends Omit<BootLoader, 'setPrimary' | 'rebootCommand'> {
  /** Durable when it returns. Undefined: nothing shall run, as before the first release. */
  readonly setPrimary: (slot: Slot | undefined) => Promise<void>;
  /** What came of an earlier restart into `slot`, before anything is done again. */
  readonly arrival: (slot: Slot) => Promise<Arrival>;
  /** Makes `slot` the running one: restarts a service, or the device, and then never returns. */
  readonly restart: (slot: Slot | undefined) => Promise<Restarted>;
}

/** `fell_back`: the device was restarted into the slot, and another one runs. */
export type Arrival = 'not_tried' | 'arrived' | 'fell_back';

/** Whether what was asked to restart did. */
export type Restarted =
  { readonly kind: 'restarted' } | { readonly kind: 'not_restarted'; readonly detail: string };
