import { ForeignRootSchema, RootSchema } from '../metadata/root.ts';
import { ForeignTargetsSchema, TargetsSchema } from '../metadata/targets.ts';

/** How a repository is read. Ours are a narrow part of what TUF allows. */
export interface Profile {
  /** Which kinds of keys can count: `metadata/keys.ts`. */
  readonly root: typeof RootSchema;
  readonly targets: typeof TargetsSchema;
  /** TUF 4.3: a keyid is the hash of its key. sigstore's once were, under another form of the key. */
  readonly requiresOwnKeyIds: boolean;
  /** Uptane 5.2.1, made strict: a number that was verified never comes with other content. */
  readonly forbidsReusedVersions: boolean;
}

/** `sealift` is what an agent follows; `tuf` verifies what others publish, by TUF's own rules. */
export const PROFILES = {
  sealift: {
    root: RootSchema,
    targets: TargetsSchema,
    requiresOwnKeyIds: true,
    forbidsReusedVersions: true,
  },
  tuf: {
    root: ForeignRootSchema,
    targets: ForeignTargetsSchema,
    requiresOwnKeyIds: false,
    forbidsReusedVersions: false,
  },
} as const satisfies Record<string, Profile>;

/** The profile of a repository that names none is the strict one. */
export function profileOf({ profile }: { readonly profile?: ProfileName | undefined }): Profile {
  return PROFILES[profile ?? 'sealift'];
}

export type ProfileName = keyof typeof PROFILES;
