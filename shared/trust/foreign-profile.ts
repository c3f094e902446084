import { ForeignRootSchema, ForeignTargetsSchema } from '../metadata/foreign.ts';
import type { Profile } from './profile.ts';

/** Verifies what others publish, by TUF's own rules. Apart, so that a device does not carry it. */
export const TUF_PROFILE: Profile = {
  root: ForeignRootSchema,
  targets: ForeignTargetsSchema,
  requiresOwnKeyIds: false,
  forbidsReusedVersions: false,
};
