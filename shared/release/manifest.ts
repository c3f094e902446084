import * as z from 'zod/mini';
import { Length, Sha256 } from '../metadata/fields.ts';
import { LIMITS } from '../metadata/limits.ts';
import { Name } from './names.ts';

const file = { mediaType: z.string().check(z.minLength(3), z.maxLength(128)), sha256: Sha256 };

/**
 * What stands on the device afterwards: of an archive the digest of its tree (tree-digest.ts), of an
 * image the hash of its unpacked bytes and how many they are. `length` is of images only.
 */
const digest = z.looseObject({ sha256: Sha256, length: z.optional(Length) });

/** How an artifact reaches its place: DESIGN's three kinds. */
export const Installer = z.union([
  z.literal('archive'),
  z.literal('image'),
  z.string().check(z.regex(/^module:[a-z0-9][a-z0-9._-]{0,63}$/)),
]);

export type InstallerName = Readonly<z.infer<typeof Installer>>;

/** What an update module is told about its artifact (agent/README.md "Update modules"). */
export const ModuleFacts = z.looseObject({
  /** The artifact is the one file of the payload, or a tar of all of them. */
  files: z._default(z.enum(['one', 'tar']), 'one'),
  /** Becomes `header/meta-data`. */
  metaData: z._default(z.record(z.string(), z.unknown()), {}),
});

const artifact = z.looseObject({
  component: Name,
  installer: Installer,
  fileName: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/)),
  ...file,
  length: Length,
  installed: z.optional(digest),
  module: z.optional(ModuleFacts),
  /** Of an archive (restore.ts). Any words here: one that a device does not know has its own refusal. */
  restore: z.optional(z.array(z.string().check(z.maxLength(64))).check(z.maxLength(16))),
});
export type Artifact = Readonly<z.infer<typeof artifact>>;

const sbom = z.looseObject({
  ...file,
  length: Length.check(z.maximum(LIMITS.sbomBytes)),
});

const attestation = z.looseObject({
  predicateType: z.string().check(z.minLength(1), z.maxLength(256)),
  sha256: Sha256,
  length: Length.check(z.maximum(LIMITS.attestationBytes)),
});
export type AttestationRef = Readonly<z.infer<typeof attestation>>;

/** `recovery` repairs a device, `security` may be deployed apart from `functional` (CRA Annex I). */
export const ReleaseClass = z.enum(['security', 'functional', 'recovery']);

/** A whole number that only rises: a device never goes below the highest it has committed. */
export const SecurityEpoch = z.int().check(z.minimum(0));

/** The boards a release fits, once each. */
export const HardwareIds = z.array(Name).check(
  z.minLength(1),
  z.maxLength(64),
  z.refine((ids) => new Set(ids).size === ids.length, 'a hardware id is listed twice'),
);

/**
 * The release manifest: the TUF target that binds everything of a release by digest and length.
 * Loose, because a later manifest may say more; what could weaken a check is strict.
 */
export const ManifestSchema = z.looseObject({
  schema: z.literal('sealift.manifest/1'),
  product: Name,
  version: Name,
  securityEpoch: SecurityEpoch,
  hardwareIds: HardwareIds,
  class: ReleaseClass,
  artifacts: z.array(artifact).check(
    z.minLength(1),
    z.maxLength(64),
    z.refine(
      (all) => new Set(all.map(({ component }) => component)).size === all.length,
      'a component is listed twice',
    ),
  ),
  sbom: z.optional(sbom),
  attestations: z._default(z.array(attestation).check(z.maxLength(64)), []),
  advisories: z._default(z.array(z.string().check(z.maxLength(256))).check(z.maxLength(256)), []),
  notes: z.optional(z.string().check(z.maxLength(16_384))),
  supportUntil: z.optional(z.iso.date()),
  /** Checked by `Conditions` (conditions.ts) where it is needed, so that an unknown one has its own refusal. */
  conditions: z.optional(z.unknown()),
});
export type Manifest = Readonly<z.infer<typeof ManifestSchema>>;
export type ManifestFile = z.input<typeof ManifestSchema>;

/** The exact bytes of a manifest that an author signs: JSON as written once, never rebuilt. */
export function manifestBytes(manifest: ManifestFile): Uint8Array {
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`, 'utf8');
}
