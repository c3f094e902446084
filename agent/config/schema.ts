import * as z from 'zod/mini';
import { PublicKeySchema } from '../../shared/crypto/public-key.ts';
import { DeviceId } from '../../shared/protocol/device-id.ts';
import { ARCHIVE_LIMITS } from '../../shared/release/archive-entries.ts';
import { Name } from '../../shared/release/names.ts';
import { ConditionsConfig } from '../conditions/conditions-config.ts';
import { BootConfig } from '../boot/boot-config.ts';
import { DriftConfig } from '../drift/drift-config.ts';
import { TrialConfig } from '../health/health-config.ts';
import { HooksConfig } from '../hooks/hooks-config.ts';
import { ModulesConfig } from '../modules/modules-config.ts';
import { path, positiveSeconds } from './fields.ts';

const count = z.int().check(z.minimum(1));

const address = (...protocols: readonly string[]): z.ZodMiniString =>
  z.string().check(
    z.refine(
      (text) => {
        return URL.canParse(text) && protocols.includes(new URL(text).protocol);
      },
      `must be an address beginning with ${protocols.map((name) => `${name}//`).join(' or ')}`,
    ),
  );

const policy = z.strictObject({
  requireSbom: z._default(z.boolean(), false),
  provenance: z.optional(
    z.strictObject({
      threshold: z._default(count, 1),
      builders: z
        .array(
          z.strictObject({
            id: path,
            keys: z.array(PublicKeySchema).check(z.minLength(1, 'must list a key')),
          }),
        )
        .check(z.minLength(1, 'must list a builder')),
    }),
  ),
});

/** How slowly files may come (link/pace.ts), and how long a line may be silent. */
const retrieval = z.strictObject({
  minBytesPerSecond: z._default(count, 256),
  windowSeconds: z._default(positiveSeconds, 60),
  idleSeconds: z._default(positiveSeconds, 30),
});

const MIB = 1_024 * 1_024;

const limits = z.strictObject({
  artifactBytes: z._default(count, 4_096 * MIB),
  unpackedBytes: z._default(count, ARCHIVE_LIMITS.unpackedBytes),
  entries: z._default(count, ARCHIVE_LIMITS.entries),
  depth: z._default(count, ARCHIVE_LIMITS.depth),
});

/** Where the image of a component goes: a partition, a loop device or a file for each slot. */
const slotTargets = z
  .strictObject({ a: path, b: path })
  .check(
    z.refine(({ a, b }) => a !== b, 'must name two places, or an update would overwrite what runs'),
  );

/** The agent's one configuration file. Strict: a key with a typing error must not be ignored. */
export const ConfigFile = z.strictObject({
  deviceId: DeviceId,
  product: Name,
  hardwareId: Name,
  stateDir: path,
  slotsDir: path,
  server: z.strictObject({
    http: address('http:', 'https:'),
    mqtt: z.optional(address('mqtt:', 'mqtts:')),
    pollSeconds: z._default(positiveSeconds, 300),
    allowPlaintext: z._default(z.boolean(), false),
    caFile: z.optional(path),
    noticeAfterPolls: z._default(count, 12),
  }),
  roots: z.strictObject({ image: path, director: path }),
  enrolmentTokenFile: z.optional(path),
  enrolmentToken: z.optional(path),
  boot: BootConfig,
  trial: TrialConfig,
  hooks: z._default(HooksConfig, HooksConfig.parse({})),
  modules: z._default(ModulesConfig, ModulesConfig.parse({})),
  conditions: z._default(ConditionsConfig, ConditionsConfig.parse({})),
  drift: z._default(DriftConfig, DriftConfig.parse({})),
  policy: z._default(policy, { requireSbom: false }),
  limits: z._default(limits, limits.parse({})),
  retrieval: z._default(retrieval, retrieval.parse({})),
  /** `untrusted`: this device has no clock that counts while it is off. */
  clock: z._default(z.enum(['auto', 'untrusted']), 'auto'),
  /** `withoutClock`: install a bundle even where nothing tells whether its time is over. */
  offline: z._default(z.strictObject({ withoutClock: z._default(z.boolean(), false) }), {
    withoutClock: false,
  }),
  /** By component, for releases that hold images. */
  slots: z._default(z.record(Name, slotTargets), {}),
});
export type ConfigFile = Readonly<z.infer<typeof ConfigFile>>;
