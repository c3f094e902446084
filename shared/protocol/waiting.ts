import * as z from 'zod/mini';
import { CONDITION_NAMES } from '../release/conditions.ts';

/** One condition of a release that does not hold, and what was found instead. */
export const WaitingReason = z.strictObject({
  condition: z.enum(CONDITION_NAMES),
  detail: z.string().check(z.maxLength(500)),
});
export type WaitingReason = Readonly<z.infer<typeof WaitingReason>>;

/** All that keeps a release waiting. None: the device waits no longer, and began nothing either. */
export const WaitingReasons = z.array(WaitingReason).check(z.maxLength(CONDITION_NAMES.length));
