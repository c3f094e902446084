import * as z from 'zod/mini';
import { Sha256, Version } from '../metadata/fields.ts';
import { LIMITS } from '../metadata/limits.ts';
import { Name } from '../release/names.ts';
import { SecurityEpoch } from '../release/manifest.ts';
import { REFUSAL_CODES } from '../trust/refusal.ts';
import { DeviceId } from './device-id.ts';
import { Noticed } from './noticed.ts';
import { ReportedTime, ReportedVersions } from './standing.ts';
import { WaitingReasons } from './waiting.ts';

const text = z.string().check(z.maxLength(2_000));
const milliseconds = z.int().check(z.minimum(0));

/** The stages of an update that a report may name (ARCHITECTURE "The device"). */
export const StageName = z.enum([
  'verifying',
  'downloading',
  'installing',
  'activating',
  'trial',
  'committing',
  'rolling_back',
]);

/** What went wrong in the device's own world, where nobody sent anything that had to be refused. */
export const FailureReason = z.enum([
  'network',
  'disk',
  'install',
  'activation',
  'health',
  'interrupted',
  'internal',
  'recalled',
  // The place that an image goes to, as this device is configured and built:
  'target_missing',
  'target_unsuitable',
  'target_in_use',
  'target_too_small',
  // An update module, by what was asked of it (agent/README.md "Update modules"):
  'module_missing',
  'module_unusable',
  'module_failed',
  'module_killed',
  'module_hung',
  'module_answer',
  'module_stream',
  'module_digest',
  'module_reboot',
  'module_interrupted',
]);
export type FailureReason = Readonly<z.infer<typeof FailureReason>>;

/** A release as a device knows it. */
export const ReleaseRef = z.strictObject({ product: Name, version: Name, manifestSha256: Sha256 });
export type ReleaseRef = Readonly<z.infer<typeof ReleaseRef>>;

/** What stands of one component, measured on the device; null where its installer cannot. */
export const RunningComponent = z.strictObject({
  component: Name,
  installedSha256: z.nullable(Sha256),
});
export type RunningComponent = Readonly<z.infer<typeof RunningComponent>>;

/** What stands in the running slot. */
export const Running = z.strictObject({
  release: ReleaseRef,
  /** Digest of all that is installed (installed-digest.ts); null where an installer cannot measure. */
  installedSha256: z.nullable(Sha256),
  /**
   * Each component, in the order of the manifest. Left out when there is one, whose digest is then
   * `installedSha256`: so a device of one component and a server of 0.1.0 understand each other.
   */
  components: z.optional(z.array(RunningComponent).check(z.minLength(2), z.maxLength(64))),
  slot: z.string().check(z.regex(/^[a-z0-9]{1,16}$/)),
  securityEpoch: SecurityEpoch,
});
export type Running = Readonly<z.infer<typeof Running>>;

/** What happened. One union, so that a report cannot be a mixture. */
export const ReportEvent = z.discriminatedUnion('kind', [
  /** The agent started: what runs now. */
  z.strictObject({ kind: z.literal('started') }),
  /** The update entered a stage. */
  z.strictObject({ kind: z.literal('stage'), release: ReleaseRef, stage: StageName }),
  /** The receipt: the release runs, its digest is right, its trial has passed. */
  z.strictObject({
    kind: z.literal('receipt'),
    release: ReleaseRef,
    verifyMilliseconds: milliseconds,
    downloadMilliseconds: milliseconds,
    trialMilliseconds: milliseconds,
  }),
  /** Something offered had to be refused; `release` when it got far enough to have one. */
  z.strictObject({
    kind: z.literal('refused'),
    release: z.nullable(ReleaseRef),
    /** Path of the assigned target where the manifest was never verified. */
    path: z.nullable(text),
    code: z.enum(REFUSAL_CODES),
    detail: text,
  }),
  /** What runs here was recalled by its author, as this device has verified by itself. */
  z.strictObject({ kind: z.literal('recalled'), release: ReleaseRef, detail: text }),
  /** The update ended before the new release ran. */
  z.strictObject({
    kind: z.literal('failed'),
    release: ReleaseRef,
    stage: StageName,
    reason: FailureReason,
    detail: text,
  }),
  /** The new release ran or was switched to, and the device went back. */
  z.strictObject({
    kind: z.literal('rolled_back'),
    release: ReleaseRef,
    stage: StageName,
    reason: FailureReason,
    detail: text,
  }),
  /** The release is genuine and may come; its author's conditions do not hold here yet. */
  z.strictObject({ kind: z.literal('waiting'), release: ReleaseRef, reasons: WaitingReasons }),
  /** What stands in the running slot is not what was signed; no components: it is again. */
  z.strictObject({
    kind: z.literal('drift'),
    release: ReleaseRef,
    slot: z.string().check(z.regex(/^[a-z0-9]{1,16}$/)),
    components: z.array(Name).check(z.maxLength(64)),
  }),
  /** Something looks like an attack, although nothing came that could be refused. */
  Noticed,
]);
export type ReportEvent = Readonly<z.infer<typeof ReportEvent>>;

/**
 * One report: what a device says of itself, numbered without gaps from 1, signed as a DSSE envelope
 * of type `application/vnd.sealift.report+json` by the device's key.
 */
export const ReportSchema = z.strictObject({
  schema: z.literal('sealift.report/1'),
  device: DeviceId,
  number: Version,
  /** By the device's clock: for people, never for order. */
  at: z.iso.datetime(),
  bootId: z.string().check(z.maxLength(64)),
  agent: z.string().check(z.maxLength(64)),
  running: z.nullable(Running),
  /** Agents of 0.1.0 leave these two out. */
  time: z.optional(ReportedTime),
  metadata: z.optional(ReportedVersions),
  event: ReportEvent,
});
export type Report = Readonly<z.infer<typeof ReportSchema>>;

/** `POST /device/v1/reports` and the MQTT payload: envelopes in the order of their numbers. */
export const MAX_REPORTS_PER_MESSAGE = 64;
/** Bytes of one such message. */
export const MAX_REPORT_MESSAGE_BYTES = MAX_REPORTS_PER_MESSAGE * 8 * 1_024;

/** The answer: everything up to and including this number is on the server's disk. */
export const Acknowledgement = z.looseObject({ stored: z.int().check(z.minimum(0)) });
export type Acknowledgement = Readonly<z.infer<typeof Acknowledgement>>;

/** A report may not be longer than this. */
export const MAX_REPORT_BYTES = LIMITS.reportBytes;
