import type { Kysely, Transaction } from 'kysely';

/** A table a thing (ARCHITECTURE "What the server knows"). Instants are ISO 8601 text in UTC. */
export interface Tables {
  readonly metadata: MetadataRow;
  readonly products: ProductRow;
  readonly blobs: BlobRow;
  readonly releases: ReleaseRow;
  readonly release_files: ReleaseFileRow;
  readonly devices: DeviceRow;
  readonly enrolment_tokens: EnrolmentTokenRow;
  readonly operator_tokens: OperatorTokenRow;
  readonly director_bundles: DirectorBundleRow;
  readonly offline_words: OfflineWordRow;
  readonly rollouts: RolloutRow;
  readonly rollout_phases: RolloutPhaseRow;
  readonly assignments: AssignmentRow;
  readonly reports: ReportRow;
  readonly device_signals: DeviceSignalsRow;
  readonly signing_events: SigningEventRow;
  readonly signing_event_files: SigningEventFileRow;
  readonly signing_event_manifests: SigningEventManifestRow;
  readonly signing_event_signatures: SigningEventSignatureRow;
  readonly expiry_notices: ExpiryNoticeRow;
  readonly audit: AuditRow;
}

export type Database = Kysely<Tables>;
export type Tx = Transaction<Tables>;

/** A signed metadata file of the image repository, and the director's roots. Never changed. */
export interface MetadataRow {
  repository: 'image' | 'director';
  role: string;
  version: number;
  bytes: Buffer;
  expires_at: string;
}

export interface ProductRow {
  id: string;
  /** JSON array of hardware ids. */
  hardware_ids: string;
  created_at: string;
}

export interface BlobRow {
  sha256: string;
  length: number;
  media_type: string;
  /** 0 until a published release names it; only then is it served. */
  published: number;
  created_at: string;
}

export interface ReleaseRow {
  product: string;
  version: string;
  manifest_sha256: string;
  manifest: Buffer;
  security_epoch: number;
  class: 'security' | 'functional' | 'recovery';
  /** JSON array. */
  hardware_ids: string;
  state: 'published' | 'recalled';
  published_at: string;
  /** Its number in the order of its product, as the newest role has it. */
  release_counter: number;
  /** When its author recalled it, why, and which version devices shall go to. */
  recalled_at: string | null;
  recall_reason: string | null;
  move_to: string | null;
}

export interface ReleaseFileRow {
  manifest_sha256: string;
  kind: 'artifact' | 'sbom' | 'attestation';
  sha256: string;
}

export interface DeviceRow {
  id: string;
  /** Ed25519, hex. */
  public_key: string;
  product: string;
  hardware_id: string;
  state: 'pending' | 'accepted' | 'rejected' | 'retired';
  enrolled_at: string;
  last_seen_at: string | null;
  presence: 'online' | 'offline';
  last_report_number: number;
  /** What its last report says is running. */
  running_manifest_sha256: string | null;
  running_version: string | null;
  running_installed_sha256: string | null;
  running_slot: string | null;
  /** JSON: `[{component, installedSha256}]`; null from a device of one component. */
  running_components: string | null;
  security_epoch: number;
  /** The last release it proved by a receipt: where a withdrawn assignment leads back to. */
  proven_manifest_sha256: string | null;
  /** JSON: what stood of each component when it proved that. */
  proven_components: string | null;
  /** What the director tells it to run; null is "nothing". Rollouts set it, the director signs it. */
  desired_manifest_sha256: string | null;
  /** The rollout that set it. */
  rollout: string | null;
}

export interface EnrolmentTokenRow {
  hash: string;
  name: string;
  /** Limits the token to one product; null is any. */
  product: string | null;
  uses_left: number;
  /** 1: devices are accepted at once; 0: they wait as pending. */
  accepts: number;
  created_at: string;
  expires_at: string;
}

export interface OperatorTokenRow {
  hash: string;
  name: string;
  role: 'admin' | 'author' | 'operator' | 'viewer';
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

/** The newest signed director files of one device, ready to be sent. */
export interface DirectorBundleRow {
  device: string;
  /** Version of all three files. */
  version: number;
  etag: string;
  bytes: Buffer;
  manifest_sha256: string | null;
  /** When the first of the files expires. */
  expires_at: string;
}

/** A word that was signed to be carried to a device, which may never have been here. Never changed. */
export interface OfflineWordRow {
  device: string;
  /** Of all three files, in one count with the bundles of the device. */
  version: number;
  manifest_sha256: string;
  signed_at: string;
  expires_at: string;
}

export interface RolloutRow {
  id: string;
  product: string;
  version: string;
  manifest_sha256: string;
  state: 'running' | 'paused' | 'halted' | 'completed' | 'aborted';
  /** Index of the phase that is open. */
  phase: number;
  /** Why it halted or was ended, for people. */
  reason: string | null;
  /** The manifest that its devices run when they join: it moves them off a recalled release. */
  only_running: string | null;
  created_at: string;
  changed_at: string;
}

/** Kept counters: changed in the transaction of the receipt, never counted over the fleet. */
export interface RolloutPhaseRow {
  rollout: string;
  phase: number;
  /** Share of the fleet that this and all earlier phases reach together. */
  percent: number;
  /** Share of the phase that must have proven the release before the next phase opens. */
  success_percent: number;
  /** Share of the phase whose failure halts the rollout. */
  failure_percent: number;
  members: number;
  offered: number;
  proven: number;
  failed: number;
}

/** One device in one rollout. */
export interface AssignmentRow {
  rollout: string;
  device: string;
  phase: number;
  state:
    | 'waiting'
    | 'offered'
    | 'installing'
    | 'trial'
    | 'proven'
    | 'failed'
    | 'refused'
    | 'rolled_back'
    | 'withdrawn';
  /** Refusal code or failure reason. */
  code: string | null;
  detail: string | null;
  changed_at: string;
}

export interface ReportRow {
  device: string;
  number: number;
  /** The exact envelope as it came. */
  envelope: Buffer;
  kind: string;
  received_at: string;
}

/** What a device last said of its clock, its metadata and its way to us. Not proof of anything. */
export interface DeviceSignalsRow {
  device: string;
  /** `trusted`, or why the device does not go by its clock. */
  clock: string | null;
  /** The latest server time that it has verified. */
  verified_time: string | null;
  /** JSON: the versions that it has verified. */
  metadata: string | null;
  /** JSON: the last attack that it noticed. */
  notice: string | null;
  /** JSON: the release that waits for its conditions there, and which of them do not hold. */
  waiting: string | null;
}

/** A change that waits for the signatures of its holders, or has found them. */
export interface SigningEventRow {
  id: string;
  title: string;
  state: 'open' | 'published' | 'withdrawn';
  opened_by: string;
  opened_at: string;
  closed_at: string | null;
  /** JSON array of the products that it adds. */
  products: string;
}

export interface SigningEventFileRow {
  event: string;
  repository: 'image' | 'director';
  role: string;
  version: number;
  expires_at: string;
  /** The signed part, as canonical JSON. */
  signed: Buffer;
  /** JSON: who had to sign, as it was when the event ended; null while it is open. */
  requirements: string | null;
}

export interface SigningEventManifestRow {
  event: string;
  position: number;
  manifest: Buffer;
}

export interface SigningEventSignatureRow {
  event: string;
  repository: 'image' | 'director';
  role: string;
  keyid: string;
  sig: string;
  signed_by: string;
  signed_at: string;
}

/** How urgent the renewal of a file was when it was last noted in the audit trail. */
export interface ExpiryNoticeRow {
  repository: 'image' | 'director';
  role: string;
  version: number;
  level: 'notice' | 'warning' | 'critical' | 'expired' | 'ok';
}

export interface AuditRow {
  sequence: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  /** JSON, or null. */
  before: string | null;
  after: string | null;
  previous_hash: string;
  hash: string;
}
