import * as z from 'zod/mini';
import { ForeignKeySchema } from '../crypto/foreign-key.ts';
import { keysOfKind } from './keys.ts';
import { RootSchema } from './root.ts';
import { DelegationsSchema, TargetsSchema } from './targets.ts';

/** `keys` in the repositories of others, where more kinds of keys count than in ours. */
const keys = keysOfKind(ForeignKeySchema);

/** The root of somebody else's repository. */
export const ForeignRootSchema = z.extend(RootSchema, { keys });

/** The targets of somebody else's repository. */
export const ForeignTargetsSchema = z.extend(TargetsSchema, {
  delegations: z.optional(z.safeExtend(DelegationsSchema, { keys })), // with all its checks
});
