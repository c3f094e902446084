import * as z from 'zod/mini';
import { Expires } from '../metadata/fields.ts';
import { Name } from './names.ts';

/**
 * The author's word that a release must not run any more, in its target of the product's role. It is
 * final: a later version of the role may not take it back.
 */
export const Recall = z.looseObject({
  at: Expires, // the same strict date
  reason: z.string().check(z.minLength(1), z.maxLength(500)),
  /** The version that devices shall go to instead. */
  moveTo: z.optional(Name),
});
export type Recall = Readonly<z.infer<typeof Recall>>;
