import * as z from 'zod/mini';
import { Expires, RoleKeys, SpecVersion, Version } from './fields.ts';
import { KeysById } from './keys.ts';

/** TUF 4.3: who may sign what. Loose, as all metadata: an unknown field is a newer repository. */
export const RootSchema = z.looseObject({
  _type: z.literal('root'),
  spec_version: SpecVersion,
  version: Version,
  expires: Expires,
  consistent_snapshot: z._default(z.boolean(), false),
  keys: KeysById,
  roles: z.looseObject({
    root: RoleKeys,
    timestamp: RoleKeys,
    snapshot: RoleKeys,
    targets: RoleKeys,
  }),
});
export type Root = Readonly<z.infer<typeof RootSchema>>;
/** Root as it is written to a file, before it is parsed. */
export type RootFile = z.input<typeof RootSchema>;
