import * as z from 'zod/mini';
import { Expires, Hashes, Length, RoleKeys, SpecVersion, Version } from './fields.ts';
import { KeysById } from './keys.ts';

/** A file that the role vouches for (TUF 4.5). `custom` is opaque here: trust/join.ts reads it. */
export const TargetFile = z.looseObject({
  length: Length,
  hashes: Hashes,
  custom: z.optional(z.custom<Readonly<Record<string, unknown>>>(isObject, 'not an object')),
});
export type TargetFile = Readonly<z.infer<typeof TargetFile>>;

const roleName = z.string().check(z.minLength(1), z.maxLength(256));

const delegatedRole = z
  .looseObject({
    ...RoleKeys.def.shape,
    name: roleName,
    terminating: z.boolean(),
    paths: z.optional(z.array(z.string().check(z.maxLength(1_024)))),
    path_hash_prefixes: z.optional(z.array(z.string().check(z.regex(/^[0-9a-f]{1,64}$/)))),
  })
  .check(
    // TUF 4.5: exactly one of the two; both or none would be read differently by different clients.
    z.refine(
      (role) => (role.paths === undefined) !== (role.path_hash_prefixes === undefined),
      'needs exactly one of paths and path_hash_prefixes',
    ),
  );
export type DelegatedRole = Readonly<z.infer<typeof delegatedRole>>;

/** TAP 15: 2^bit_length roles named by prefix and number, all with the same keys. */
const succinctRoles = z.looseObject({
  ...RoleKeys.def.shape,
  bit_length: z.int().check(z.minimum(1), z.maximum(32)),
  name_prefix: roleName,
});
export type SuccinctRoles = Readonly<z.infer<typeof succinctRoles>>;

const TOP_LEVEL_ROLES: ReadonlySet<string> = new Set(['root', 'timestamp', 'snapshot', 'targets']);

/** TUF 4.5 `delegations`. */
export const DelegationsSchema = z
  .looseObject({
    keys: KeysById,
    roles: z.optional(
      z.array(delegatedRole).check(
        z.refine(
          (roles) => new Set(roles.map(({ name }) => name)).size === roles.length,
          'a role is delegated twice',
        ),
        z.refine(
          (roles) => roles.every(({ name }) => !TOP_LEVEL_ROLES.has(name)),
          'a top-level role cannot be delegated to',
        ),
      ),
    ),
    succinct_roles: z.optional(succinctRoles),
  })
  .check(
    z.refine(
      (all) => (all.roles === undefined) !== (all.succinct_roles === undefined),
      'needs exactly one of roles and succinct_roles',
    ),
  );

/** TUF 4.5: the files a role vouches for, and to whom it hands parts of its name space. */
export const TargetsSchema = z.looseObject({
  _type: z.literal('targets'),
  spec_version: SpecVersion,
  version: Version,
  expires: Expires,
  targets: z.pipe(
    z.record(z.string(), TargetFile),
    z.transform((targets) => new Map(Object.entries(targets))),
  ),
  delegations: z.optional(DelegationsSchema),
});
export type Targets = Readonly<z.infer<typeof TargetsSchema>>;
export type TargetsFile = z.input<typeof TargetsSchema>;

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
