import { z } from '@hono/zod-openapi';
import { NoticedAttack } from '../../shared/protocol/noticed.ts';
import { CONDITION_NAMES } from '../../shared/release/conditions.ts';
import { ClockStanding } from '../../shared/protocol/standing.ts';
import { NameField } from '../http/fields.ts';
import { DEVICE_ACTIONS, DEVICE_STATES } from './device-state.ts';

const instant = z.string().openapi({ format: 'date-time' });
const digest = z.string();
const version = z.int().nullable();
const versions = z.object({
  root: version,
  timestamp: version,
  snapshot: version,
  targets: version,
});

/** The most devices of one page. */
const MAX_PAGE = 1_000;

export const DevicePage = z.strictObject({
  product: NameField.optional(),
  state: z.enum(DEVICE_STATES).optional(),
  after: z.string().max(128).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
});

export const DeviceParams = z.object({ id: z.string().max(128) });

export const DeviceAction = z
  .strictObject({ action: z.enum(DEVICE_ACTIONS) })
  .openapi('DeviceAction');

/** A device as the API answers it. */
export const DeviceSchema = z
  .object({
    id: z.string(),
    product: z.string(),
    hardwareId: z.string(),
    state: z.enum(DEVICE_STATES),
    presence: z.enum(['online', 'offline']),
    enrolledAt: instant,
    lastSeenAt: instant.nullable(),
    lastReportNumber: z.int(),
    running: z
      .object({
        version: z.string(),
        manifestSha256: digest,
        installedSha256: digest.nullable(),
        slot: z.string(),
        securityEpoch: z.int(),
        components: z
          .array(z.object({ component: z.string(), installedSha256: digest.nullable() }))
          .optional()
          .openapi({ description: 'Each component, where there are several' }),
      })
      .nullable()
      .openapi({ description: 'What its last report says is running' }),
    assignment: z
      .object({
        rollout: z.string(),
        version: z.string(),
        state: z.enum([
          'waiting',
          'offered',
          'installing',
          'trial',
          'proven',
          'failed',
          'refused',
          'rolled_back',
          'withdrawn',
        ]),
        code: z.string().nullable().openapi({ description: 'Refusal code or failure reason' }),
        detail: z.string().nullable(),
        changedAt: instant,
      })
      .nullable(),
    time: z
      .object({ verified: instant.nullable(), clock: z.enum(ClockStanding.options) })
      .nullable()
      .openapi({ description: 'The latest time it verified, and whether it goes by its clock' }),
    metadata: z
      .object({ image: versions, director: versions })
      .nullable()
      .openapi({ description: 'The versions of both repositories that it has verified' }),
    noticed: z
      .object({
        attack: z.enum(NoticedAttack.options),
        since: instant,
        times: z.int(),
        code: z.string(),
        detail: z.string(),
        receivedAt: instant,
      })
      .nullable()
      .openapi({ description: 'The last attack that it noticed on its way to the server' }),
    waiting: z
      .object({
        version: z.string(),
        manifestSha256: digest,
        reasons: z.array(z.object({ condition: z.enum(CONDITION_NAMES), detail: z.string() })),
        receivedAt: instant,
      })
      .nullable()
      .openapi({ description: 'The conditions of its release that do not hold there yet' }),
  })
  .openapi('Device');

/** A device with the last of what it said. */
export const DeviceWithReports = DeviceSchema.extend({
  lastReports: z.array(
    z.object({
      number: z.int(),
      kind: z.string(),
      receivedAt: instant,
      event: z.looseObject({ kind: z.string() }),
    }),
  ),
}).openapi('DeviceWithReports');
