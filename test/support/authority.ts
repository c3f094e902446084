import { sha256Hex } from '../../shared/crypto/digest.ts';
import { keyIdOf, type PublicKey } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { signMetadata, type MetadataFile } from '../../shared/metadata/sign-metadata.ts';
import type { RootFile } from '../../shared/metadata/root.ts';
import type { TargetsFile } from '../../shared/metadata/targets.ts';
import { manifestBytes, type ManifestFile } from '../../shared/release/manifest.ts';
import { manifestPath } from '../../shared/release/names.ts';
import { testKey } from './test-key.ts';

/** What an author signs lives long; tests that play at another time say so. */
export const AUTHOR_EXPIRES = '2036-01-01T00:00:00Z';

/** The offline keys of a fleet: 2 of 3 for roots, 2 of 2 for targets, 2 of 3 for each product. */
export const AUTHOR = {
  imageRoot: ['image root a', 'image root b', 'image root c'].map(testKey),
  imageTargets: ['image targets a', 'image targets b'].map(testKey),
  directorRoot: ['director root a', 'director root b', 'director root c'].map(testKey),
  product: (product: string): readonly Signer[] =>
    ['a', 'b', 'c'].map((name) => testKey(`product ${product} ${name}`)),
} as const;

/** The public keys of a server, as `GET /api/v1/keys/online` answers them. */
export interface OnlinePublicKeys {
  readonly image: { readonly snapshot: PublicKey; readonly timestamp: PublicKey };
  readonly director: {
    readonly targets: PublicKey;
    readonly snapshot: PublicKey;
    readonly timestamp: PublicKey;
  };
}

/** Who signs, and what differs from the usual. */
export interface Signing<T extends MetadataFile> {
  readonly signers?: readonly Signer[];
  readonly change?: Partial<T>;
}

/** The image root, naming the server's snapshot and timestamp keys. */
export async function imageRootText(
  online: OnlinePublicKeys,
  { signers = AUTHOR.imageRoot.slice(0, 2), change = {} }: Signing<RootFile> = {},
): Promise<string> {
  const root: RootFile = {
    ...rootOf({
      root: role(2, keysOf(AUTHOR.imageRoot)),
      targets: role(2, keysOf(AUTHOR.imageTargets)),
      snapshot: role(1, [online.image.snapshot]),
      timestamp: role(1, [online.image.timestamp]),
    }),
    ...change,
  };
  return signedText(root, signers);
}

/** The director root: all its roles but itself are the server's. */
export async function directorRootText(
  online: OnlinePublicKeys,
  { signers = AUTHOR.directorRoot.slice(0, 2), change = {} }: Signing<RootFile> = {},
): Promise<string> {
  const root: RootFile = {
    ...rootOf({
      root: role(2, keysOf(AUTHOR.directorRoot)),
      targets: role(1, [online.director.targets]),
      snapshot: role(1, [online.director.snapshot]),
      timestamp: role(1, [online.director.timestamp]),
    }),
    ...change,
  };
  return signedText(root, signers);
}

/** Top-level image targets that delegate each product (`<product>/<version>/<file>`) to its keys. */
export async function imageTargetsText(
  version: number,
  products: readonly string[],
  { signers = AUTHOR.imageTargets, change = {} }: Signing<TargetsFile> = {},
): Promise<string> {
  const delegated = products.map((product) => ({
    name: product,
    terminating: true,
    paths: [`${product}/*/*`],
    ...role(2, keysOf(AUTHOR.product(product))).ids,
  }));
  const keys = products.flatMap((product) => keysOf(AUTHOR.product(product)));
  const targets: TargetsFile = {
    ...targetsOf(version, {}),
    ...(products.length === 0 ? {} : { delegations: { keys: byId(keys), roles: delegated } }),
    ...change,
  };
  return signedText(targets, signers);
}

/** The targets of one product's role, vouching for these manifests. */
export async function productTargetsText(
  product: string,
  version: number,
  manifests: readonly ManifestFile[],
  { signers = AUTHOR.product(product).slice(0, 2), change = {} }: Signing<TargetsFile> = {},
): Promise<string> {
  const entries = manifests.map((manifest, index) => [
    manifestPath(manifest.product, manifest.version),
    targetEntry(manifest, index + 1),
  ]);
  const targets = targetsOf(version, Object.fromEntries(entries) as TargetsFile['targets']);
  return signedText({ ...targets, ...change }, signers);
}

/** How the author's role names a manifest: bytes, epoch, boards, and its place in the order. */
export function targetEntry(
  manifest: ManifestFile,
  releaseCounter = 1,
): TargetsFile['targets'][string] {
  const bytes = manifestBytes(manifest);
  const { securityEpoch, hardwareIds } = manifest;
  return {
    length: bytes.length,
    hashes: { sha256: sha256Hex(bytes) },
    custom: { mustMatch: { securityEpoch, hardwareIds, releaseCounter } },
  };
}

/** Any metadata file as text, signed by anybody. */
export async function signedText(
  signed: MetadataFile,
  signers: readonly Signer[],
): Promise<string> {
  return Buffer.from(await signMetadata(signed, signers)).toString('utf8');
}

interface Role {
  readonly keys: readonly PublicKey[];
  readonly ids: { readonly keyids: string[]; readonly threshold: number };
}

function role(threshold: number, keys: readonly PublicKey[]): Role {
  return { keys, ids: { keyids: Object.keys(byId(keys)), threshold } };
}

type TopRole = 'root' | 'targets' | 'snapshot' | 'timestamp';

function rootOf(roles: Readonly<Record<TopRole, Role>>): RootFile {
  const { root, targets, snapshot, timestamp } = roles;
  return {
    _type: 'root',
    spec_version: '1.0.34',
    version: 1,
    expires: AUTHOR_EXPIRES,
    consistent_snapshot: true,
    keys: byId([root, targets, snapshot, timestamp].flatMap(({ keys }) => keys)),
    roles: {
      root: root.ids,
      targets: targets.ids,
      snapshot: snapshot.ids,
      timestamp: timestamp.ids,
    },
  };
}

function targetsOf(version: number, targets: TargetsFile['targets']): TargetsFile {
  return { _type: 'targets', spec_version: '1.0.34', version, expires: AUTHOR_EXPIRES, targets };
}

function keysOf(signers: readonly Signer[]): readonly PublicKey[] {
  return signers.map(({ publicKey }) => publicKey);
}

function byId(keys: readonly PublicKey[]): Record<string, PublicKey> {
  return Object.fromEntries(keys.map((key) => [keyIdOf(key), key]));
}
