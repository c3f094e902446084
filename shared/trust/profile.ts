import { RootSchema } from '../metadata/root.ts';
import { TargetsSchema } from '../metadata/targets.ts';

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

/** What an agent follows: the profile of a repository that names none. */
export const SEALIFT_PROFILE: Profile = {
  root: RootSchema,
  targets: TargetsSchema,
  requiresOwnKeyIds: true,
  forbidsReusedVersions: true,
};
