import * as z from 'zod/mini';
import { path, positiveSeconds as seconds } from '../config/fields.ts';

const command = z.array(path).check(z.minLength(1, 'must name a program'));

/** `modules` of the configuration. */
export const ModulesConfig = z.strictObject({
  /** Where update modules lie, one executable a type. */
  folder: z._default(path, '/usr/share/mender/modules/v3'),
  /** How long a state may take; Mender's own limit. */
  timeoutSeconds: z._default(seconds, 14_400),
  /** Between SIGTERM and SIGKILL. */
  graceSeconds: z._default(seconds, 60),
  /** How long a question may take, which changes nothing. */
  querySeconds: z._default(seconds, 60),
  /** Reboots the device for modules that answer `Automatic`. */
  reboot: z._default(command, ['systemctl', 'reboot']),
  /** How long such a reboot may take to come. */
  rebootSeconds: z._default(seconds, 300),
});
export type ModulesConfig = Readonly<z.infer<typeof ModulesConfig>>;
