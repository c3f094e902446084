import * as z from 'zod/mini';
import { PublicKeySchema } from '../../shared/crypto/public-key.ts';
import { Sha256 } from '../../shared/metadata/fields.ts';

// What the server answers. Loose, because a newer server may say more; only what we use is named.

const text = z.string();
const count = z.int();
const nullable = z.nullable(text);

/** `GET /api/v1/keys/online` */
export const OnlineKeys = z.looseObject({
  image: z.looseObject({ snapshot: PublicKeySchema, timestamp: PublicKeySchema }),
  director: z.looseObject({
    targets: PublicKeySchema,
    snapshot: PublicKeySchema,
    timestamp: PublicKeySchema,
  }),
});
export type OnlineKeys = Readonly<z.infer<typeof OnlineKeys>>;

/** `GET /api/v1/trust` */
export const TrustState = z.looseObject({ initialised: z.boolean() });

/** `GET /api/v1/products` */
export const Products = z.looseObject({
  products: z.array(
    z.looseObject({
      product: text,
      hardwareIds: z.array(text),
      role: z.looseObject({ version: count, expires: text }),
      createdAt: text,
    }),
  ),
});

/** One release. */
export const Release = z.looseObject({
  product: text,
  version: text,
  manifestSha256: Sha256,
  securityEpoch: count,
  class: text,
  hardwareIds: z.array(text),
  state: text,
  publishedAt: text,
  releaseCounter: z.optional(count),
  recall: z.optional(z.nullable(z.looseObject({ at: text, reason: text, moveTo: nullable }))),
});
export type Release = Readonly<z.infer<typeof Release>>;
export const Releases = z.looseObject({ releases: z.array(Release) });

/** `GET /api/v1/blobs/<sha256>` */
export const Blob = z.looseObject({ sha256: Sha256, length: count });

/** `POST /api/v1/tokens` */
export const NewToken = z.looseObject({ token: text, expiresAt: nullable });

const running = z.looseObject({
  version: nullable,
  manifestSha256: nullable,
  installedSha256: nullable,
  slot: nullable,
  securityEpoch: count,
});
const assignment = z.looseObject({
  rollout: text,
  version: text,
  state: text,
  code: nullable,
  detail: nullable,
  changedAt: text,
});

const versions = z.looseObject({
  root: z.nullable(count),
  timestamp: z.nullable(count),
  snapshot: z.nullable(count),
  targets: z.nullable(count),
});

/** One device. */
export const Device = z.looseObject({
  id: text,
  product: text,
  hardwareId: text,
  state: text,
  presence: text,
  enrolledAt: text,
  lastSeenAt: nullable,
  lastReportNumber: count,
  running: z.nullable(running),
  assignment: z.nullable(assignment),
  // Servers of 0.1.0 leave the rest out.
  time: z._default(z.nullable(z.looseObject({ verified: nullable, clock: text })), null),
  metadata: z._default(z.nullable(z.looseObject({ image: versions, director: versions })), null),
  noticed: z._default(
    z.nullable(
      z.looseObject({ attack: text, since: text, times: count, code: text, detail: text }),
    ),
    null,
  ),
  waiting: z._default(
    z.nullable(
      z.looseObject({
        version: text,
        reasons: z.array(z.looseObject({ condition: text, detail: text })),
        receivedAt: text,
      }),
    ),
    null,
  ),
});
export type Device = Readonly<z.infer<typeof Device>>;
export const Devices = z.looseObject({
  devices: z.array(Device),
  next: z.optional(nullable),
});
export const DeviceDetail = z.extend(Device, {
  lastReports: z._default(
    z.array(
      z.looseObject({
        number: count,
        kind: text,
        receivedAt: text,
        event: z.optional(z.unknown()),
      }),
    ),
    [],
  ),
});
export type DeviceDetail = Readonly<z.infer<typeof DeviceDetail>>;

/** `POST /offline-words`: words of the director to be carried, the exact text of each. */
export const OfflineWords = z.looseObject({
  validUntil: z.iso.datetime(),
  words: z.array(z.looseObject({ device: z.string(), bundle: z.string() })),
});

/** Where a rollout stands. */
export const RolloutState = z.enum(['running', 'paused', 'halted', 'completed', 'aborted']);
export type RolloutState = z.infer<typeof RolloutState>;

/** One rollout. */
export const Rollout = z.looseObject({
  id: text,
  product: text,
  version: text,
  manifestSha256: text,
  state: RolloutState,
  phase: count,
  reason: nullable,
  createdAt: text,
  changedAt: text,
  phases: z.array(
    z.looseObject({
      percent: count,
      successPercent: count,
      failurePercent: count,
      members: count,
      offered: count,
      proven: count,
      failed: count,
    }),
  ),
});
export type Rollout = Readonly<z.infer<typeof Rollout>>;
export const Rollouts = z.looseObject({ rollouts: z.array(Rollout) });

/** `GET /api/v1/audit`: strict where the hash covers it. */
export const AuditPage = z.looseObject({
  entries: z.array(
    z.looseObject({
      sequence: count,
      at: text,
      actor: text,
      action: text,
      subject: text,
      before: nullable,
      after: nullable,
      previousHash: text,
      hash: text,
    }),
  ),
});
