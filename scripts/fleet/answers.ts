import * as z from 'zod';

// What `sealift ... --json` answers, as far as the chores of this repository read it.

export const Rollout = z.object({
  id: z.string(),
  version: z.string(),
  state: z.string(),
  phase: z.number(),
  reason: z.string().nullable(),
  phases: z.array(
    z.object({
      percent: z.number(),
      members: z.number(),
      offered: z.number(),
      proven: z.number(),
      failed: z.number(),
    }),
  ),
});
export type Rollout = Readonly<z.infer<typeof Rollout>>;

const device = z.object({
  id: z.string(),
  state: z.string(),
  presence: z.string(),
  running: z.object({ version: z.string().nullable(), securityEpoch: z.number() }).nullable(),
  assignment: z
    .object({ version: z.string(), state: z.string(), code: z.string().nullable() })
    .nullable(),
});

export const Devices = z.object({ devices: z.array(device) });
export type DeviceRow = Readonly<z.infer<typeof device>>;

const release = z.object({ version: z.string() });

/** Events that a person asks about later; the rest keep only their kind. */
export const Event = z.union([
  z.object({
    kind: z.literal('refused'),
    release: release.nullable(),
    path: z.string().nullable(),
    code: z.string(),
    detail: z.string(),
  }),
  z.object({
    kind: z.enum(['rolled_back', 'failed']),
    release,
    reason: z.string(),
    detail: z.string(),
  }),
  z.object({ kind: z.literal('receipt'), release, verifyMilliseconds: z.number() }),
  z.object({ kind: z.string(), release: release.optional() }),
]);
export type Event = Readonly<z.infer<typeof Event>>;

export const DeviceDetail = device.extend({
  lastReports: z.array(z.object({ number: z.number(), kind: z.string(), event: Event })),
});
export type DeviceDetail = Readonly<z.infer<typeof DeviceDetail>>;

export const Audit = z.object({ entries: z.number(), head: z.string() });
