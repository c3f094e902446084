import * as z from 'zod/mini';
import { isTimeZone } from '../../shared/release/conditions.ts';
import { path, positiveSeconds } from '../config/fields.ts';

const words = z.array(path).check(z.minLength(1, 'must name a program'));
const pattern = z.string().check(z.regex(/^[A-Za-z0-9_.:@-]{1,32}\*?$/, 'must name an interface'));

/** What a device knows of itself that no file of the system says. */
export const ConditionsConfig = z.strictObject({
  /** How often to look again while a release waits: on the device, the server is not asked. */
  pollSeconds: z._default(positiveSeconds, 60),
  /** The zone of this device, where it is not the system's own. */
  timeZone: z.optional(
    z.string().check(z.refine(isTimeZone, 'must be a zone such as Europe/Berlin')),
  ),
  /** Interfaces whose traffic costs money. */
  metered: z._default(z.array(pattern), ['wwan*', 'ppp*', 'rmnet*']),
  /** Asked instead of `metered`: exit code 0 says that traffic is free now. */
  unmeteredCommand: z.optional(words),
  /** Its being there is consent: to every release, or to the versions that it lists. */
  consentFile: z.optional(path),
  /** Asked where that file says nothing: exit code 0 is consent. */
  consentCommand: z.optional(words),
  commandSeconds: z._default(z.number().check(z.positive(), z.maximum(600)), 30),
});
export type ConditionsConfig = Readonly<z.infer<typeof ConditionsConfig>>;

/** With absolute paths. */
export function conditionsAt(
  config: ConditionsConfig,
  at: (path: string) => string,
): ConditionsConfig {
  const { consentFile } = config;
  return consentFile === undefined ? config : { ...config, consentFile: at(consentFile) };
}
