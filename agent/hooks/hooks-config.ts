import * as z from 'zod/mini';
import { path, positiveSeconds as seconds } from '../config/fields.ts';

/** `hooks` of the configuration. */
export const HooksConfig = z.strictObject({
  folder: z._default(path, '/etc/sealift/hooks.d'),
  /** How long one hook may run. */
  timeoutSeconds: z._default(seconds, 300),
  /** How long to wait before a hook that said "later" is asked again. */
  retrySeconds: z._default(seconds, 60),
  /** For how long hooks may say "later" where the update cannot be put aside. */
  patienceSeconds: z._default(seconds, 86_400),
});
export type HooksConfig = Readonly<z.infer<typeof HooksConfig>>;
