import * as z from 'zod/mini';
import { command, path, positiveSeconds as positive, seconds } from '../config/fields.ts';

const timeoutSeconds = z._default(positive, 5);

const url = z
  .string()
  .check(
    z.refine(
      (text) => URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol),
      'must be an address beginning with http:// or https://',
    ),
  );

const probe = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('http'), url, timeoutSeconds }),
  z.strictObject({
    kind: z.literal('tcp'),
    host: z._default(path, '127.0.0.1'),
    port: z.int().check(z.minimum(1), z.maximum(65_535)),
    timeoutSeconds,
  }),
  z.strictObject({ kind: z.literal('command'), command, timeoutSeconds }),
  z.strictObject({
    kind: z.literal('systemd'),
    unit: z.string().check(z.regex(/^[A-Za-z0-9@_.\\:-]{1,255}$/, 'must be the name of a unit')),
    timeoutSeconds,
  }),
  z.strictObject({ kind: z.literal('process'), pidFile: path }),
]);

const watchdog = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('device'),
    path: z._default(path, '/dev/watchdog'),
    intervalSeconds: z._default(positive, 5),
  }),
  z
    .strictObject({
      kind: z.literal('systemd'),
      timeoutSeconds: z._default(positive, 60),
      intervalSeconds: z._default(positive, 15),
    })
    .check(
      z.refine(
        (given) => given.intervalSeconds * 2 <= given.timeoutSeconds,
        'intervalSeconds must be at most half of timeoutSeconds',
      ),
    ),
]);

const shape = z.strictObject({
  probes: z.array(probe),
  /** Said in words: this trial asks nothing but whether the slot runs and the server is reached. */
  withoutProbes: z._default(z.boolean(), false),
  holdSeconds: seconds,
  deadlineSeconds: seconds,
  intervalSeconds: z._default(positive, 1),
  maxFlaps: z.optional(z.int().check(z.minimum(0))),
  commitOffline: z._default(
    z.union([z.boolean(), z.strictObject({ afterMinutes: seconds })]),
    false,
  ),
  watchdog: z.optional(watchdog),
});

/** `trial` of the configuration. */
export const TrialConfig = shape.check(
  z.refine(
    ({ holdSeconds, deadlineSeconds }) => holdSeconds <= deadlineSeconds,
    'holdSeconds must not be more than deadlineSeconds, or no trial could pass',
  ),
  z.refine(
    ({ probes, withoutProbes }) => probes.length > 0 || withoutProbes,
    'has no probes, so it would prove nothing of the release: list some, or say "withoutProbes": true',
  ),
  z.refine(
    ({ probes, withoutProbes }) => probes.length === 0 || !withoutProbes,
    'has probes and says "withoutProbes": true: one of them is not meant',
  ),
  z.refine(({ commitOffline, deadlineSeconds }) => {
    return typeof commitOffline === 'boolean' || commitOffline.afterMinutes * 60 <= deadlineSeconds;
  }, 'commitOffline.afterMinutes must be over before deadlineSeconds, or it would never count'),
);
export type TrialConfig = Readonly<z.infer<typeof TrialConfig>>;

/** The same with absolute paths. */
export function trialAt(trial: TrialConfig, at: (path: string) => string): TrialConfig {
  const probes = trial.probes.map((one) =>
    one.kind === 'process' ? { ...one, pidFile: at(one.pidFile) } : one,
  );
  const { watchdog: dog } = trial;
  return {
    ...trial,
    probes,
    ...(dog && { watchdog: dog.kind === 'device' ? { ...dog, path: at(dog.path) } : dog }),
  };
}
