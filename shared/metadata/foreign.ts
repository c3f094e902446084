import { ForeignKeySchema } from '../crypto/foreign-key.ts';
import { keysOfKind } from './keys.ts';
import { rootWith } from './root.ts';
import { targetsWith } from './targets.ts';

/** `keys` in the repositories of others, where more kinds of keys count than in ours. */
const ForeignKeysById = keysOfKind(ForeignKeySchema);

/** The root of somebody else's repository. */
export const ForeignRootSchema = rootWith(ForeignKeysById);

/** The targets of somebody else's repository. */
export const ForeignTargetsSchema = targetsWith(ForeignKeysById);
