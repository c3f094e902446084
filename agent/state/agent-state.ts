import * as z from 'zod/mini';
import { Length, Sha256 } from '../../shared/metadata/fields.ts';
import { ReleaseRef, ReportEvent } from '../../shared/protocol/report.ts';
import { WaitingReasons } from '../../shared/protocol/waiting.ts';
import { Conditions } from '../../shared/release/conditions.ts';
import { Installer, ModuleFacts, SecurityEpoch } from '../../shared/release/manifest.ts';
import { Name } from '../../shared/release/names.ts';
import { Restore } from '../../shared/release/restore.ts';
import { STAGES, type Stage } from '../machine.ts';

const count = z.int().check(z.minimum(0));

/** One of the two places where a release can stand. */
export const Slot = z.enum(['a', 'b']);
export type Slot = z.infer<typeof Slot>;

/** What stands of one component of a slot, and who can measure it again. */
export const InstalledComponent = z.strictObject({
  component: Name,
  installer: Installer,
  /**
   * What was measured when it was written, equal to the signed digest where there is one. Null where
   * nobody can say: a module that does not tell, or one that could not take back what it did.
   */
  installedSha256: z.nullable(Sha256),
  /** How many bytes of an image that is; null for what has no length of its own. */
  length: z.nullable(Length),
  /** What was restored of an archive, and is measured with it. */
  restore: z.optional(Restore),
});
export type InstalledComponent = Readonly<z.infer<typeof InstalledComponent>>;

/** What stands in a slot, from a manifest that was verified. */
export const Installed = z.strictObject({
  release: ReleaseRef,
  securityEpoch: SecurityEpoch,
  /** The digest of all components together (shared/release/installed-digest.ts), if all have one. */
  installedSha256: z.nullable(Sha256),
  components: z.array(InstalledComponent).check(z.minLength(1)),
  /** What stands there from earlier releases, where this one was of modules alone. */
  kept: z.optional(z.array(InstalledComponent)),
});
export type Installed = Readonly<z.infer<typeof Installed>>;

/** All that stands in a slot: what its release brought, and what that one left as it was. */
export function standingIn({
  components,
  kept = [],
}: Pick<Installed, 'components' | 'kept'>): readonly InstalledComponent[] {
  return [...components, ...kept];
}

/** An artifact to install, by the words of a manifest that was verified. */
export const PlannedArtifact = z.strictObject({
  component: Name,
  installer: Installer,
  fileName: z.string(),
  mediaType: z.string(),
  sha256: Sha256,
  length: Length,
  /** What the author signed for what must stand afterwards, if anything. */
  installed: z.nullable(z.strictObject({ sha256: Sha256, length: z.nullable(Length) })),
  /** What a module is told about it. */
  module: z.optional(ModuleFacts),
  /** What is restored of an archive beyond content and mode. */
  restore: z.optional(Restore),
});
export type PlannedArtifact = Readonly<z.infer<typeof PlannedArtifact>>;

/** The update that is under way. Everything in it comes from a release that was verified. */
export const Update = z.strictObject({
  release: ReleaseRef,
  securityEpoch: SecurityEpoch,
  /** In the order in which they are installed: all of them, or none. */
  artifacts: z.array(PlannedArtifact).check(z.minLength(1)),
  /** Which slot it goes to and which one it leaves, once that is decided. */
  slots: z.nullable(z.strictObject({ to: Slot, from: z.nullable(Slot) })),
  /** What was noted of the slot before, once modules alone have changed what belongs to it. */
  replaced: z.optional(z.nullable(Installed)),
  /** Its number in the order of its product, committed with it. */
  releaseCounter: z._default(count, 0),
  /** It came in an offline bundle, so its trial waits for no server. */
  isHandedOver: z.optional(z.boolean()),
  /** When it may begin: looked at again before the first byte is written. */
  conditions: z.optional(Conditions),
  wakeUps: z.record(z.string(), count),
  milliseconds: z.strictObject({ verify: count, download: count, trial: count }),
});
export type Update = Readonly<z.infer<typeof Update>>;

/** A genuine release that its conditions keep from beginning. */
export const Waiting = z.strictObject({
  release: ReleaseRef,
  conditions: Conditions,
  isHandedOver: z.boolean(),
  /** As they were last told. */
  reasons: WaitingReasons,
  since: z.string(),
});
export type Waiting = Readonly<z.infer<typeof Waiting>>;

/** What was found in a running slot when it was last looked at. */
export const Drift = z.strictObject({
  slot: Slot,
  manifestSha256: Sha256,
  /** Null when it is as it was signed. */
  installedSha256: z.nullable(Sha256),
  /** How often this release was installed anew for it. */
  repairs: count,
});
export type Drift = Readonly<z.infer<typeof Drift>>;

/** The last thing this device said no to. */
export const LastRefusal = z.strictObject({
  offer: Sha256,
  code: z.string(),
  detail: z.string(),
  release: z.nullable(ReleaseRef),
  path: z.nullable(z.string()),
  at: z.string(),
});
export type LastRefusal = Readonly<z.infer<typeof LastRefusal>>;

/** A report that has its number but may not be in the outbox yet. */
const Unwritten = z.strictObject({
  number: z.int().check(z.minimum(1)),
  at: z.string(),
  event: ReportEvent,
});
export type Unwritten = Readonly<z.infer<typeof Unwritten>>;

/**
 * Everything that must survive a power cut together, in one file that changes at once: the stage
 * and the reports that go with it cannot disagree.
 */
export const AgentState = z.strictObject({
  schema: z.literal('sealift.agent-state/1'),
  stage: z.enum(STAGES),
  update: z.nullable(Update),
  /** SHA-256 of the bundle that the current or last update came from. */
  offer: z.nullable(Sha256),
  /** How the update ends, known before everything is undone; reported on the way to idle. */
  ending: z.nullable(ReportEvent),
  slots: z.strictObject({ a: z.nullable(Installed), b: z.nullable(Installed) }),
  /** The highest security epoch that was ever committed. */
  securityEpoch: SecurityEpoch,
  /** The highest release counter that was ever committed. */
  releaseCounter: z._default(count, 0),
  /** Manifests whose recall this device has verified, the latest last. */
  recalledReleases: z._default(z.array(Sha256), []),
  /** The running release whose recall was reported: once is enough. */
  reportedRecall: z._default(z.nullable(Sha256), null),
  enrolment: z.enum(['none', 'pending', 'accepted', 'rejected', 'retired']),
  /** Manifests that failed on this device, the latest last. */
  failedReleases: z.array(Sha256),
  /** The offer that ended in a failure: not tried again before the server says something new. */
  failedOffer: z.nullable(Sha256),
  /** The release whose download was left for later, and how often (retries.ts). */
  retried: z._default(z.nullable(z.strictObject({ manifestSha256: Sha256, times: count })), null),
  waiting: z._default(z.nullable(Waiting), null),
  drift: z._default(z.nullable(Drift), null),
  lastRefusal: z.nullable(LastRefusal),
  lastReport: count,
  /** Reports up to here have left the outbox, as known when the state was last read. */
  acknowledged: count,
  unwritten: z.array(Unwritten),
});
export type AgentState = Readonly<z.infer<typeof AgentState>>;

/** A device on its first day. `lastReport` comes from the outbox, if only the state was lost. */
export function firstState(lastReport = 0): AgentState {
  return {
    schema: 'sealift.agent-state/1',
    stage: 'idle' satisfies Stage,
    update: null,
    offer: null,
    ending: null,
    slots: { a: null, b: null },
    securityEpoch: 0,
    releaseCounter: 0,
    recalledReleases: [],
    reportedRecall: null,
    enrolment: 'none',
    failedReleases: [],
    failedOffer: null,
    retried: null,
    waiting: null,
    drift: null,
    lastRefusal: null,
    lastReport,
    acknowledged: 0,
    unwritten: [],
  };
}

/** What is noted of a slot, exchanged. */
export function withSlot(state: AgentState, slot: Slot, installed: Installed | null): AgentState {
  return { ...state, slots: { ...state.slots, [slot]: installed } };
}

/** The other one of two slots; with nothing running, the first. */
export function spareOf(running: Slot | undefined): Slot {
  return running === 'a' ? 'b' : 'a';
}

/** The update under way; a stage that needs one and has none is a bug. */
export function updateOf({ update, stage }: AgentState): Update {
  if (update === null) throw new Error(`bug: no update while ${stage}`);
  return update;
}

/** The slots of the update under way, which are decided before anything is written. */
export function slotsOf(state: AgentState): NonNullable<Update['slots']> {
  const { slots } = updateOf(state);
  if (slots === null) throw new Error(`bug: no slot while ${state.stage}`);
  return slots;
}
