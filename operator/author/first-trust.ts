import type { PublicKey } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { signMetadata } from '../../shared/metadata/sign-metadata.ts';
import { emptyTargets, firstRoot } from './first-metadata.ts';
import { makeKeys, type KeyMaking, type NewKey } from './make-keys.ts';

/** The keys that the server signs with, as it announces them. */
export interface OnlineKeys {
  readonly image: Readonly<Record<'snapshot' | 'timestamp', PublicKey>>;
  readonly director: Readonly<Record<'targets' | 'snapshot' | 'timestamp', PublicKey>>;
}

/** The author's half of a new system: keys, and the three files that start both repositories. */
export interface FirstTrust {
  readonly keys: readonly NewKey[];
  readonly imageRoot: Uint8Array;
  readonly imageTargets: Uint8Array;
  readonly directorRoot: Uint8Array;
}

/** How many keys each offline role gets, and how many must sign. */
export interface KeyCount {
  readonly keys: number;
  readonly threshold: number;
}

/** Keys that are there already, in tokens or key services, by the role that they were added for. */
export type GivenSigners = ReadonlyMap<string, readonly Signer[]>;

interface RoleStart {
  readonly made: readonly NewKey[];
  readonly signers: readonly Signer[];
}

/**
 * Makes the offline keys that are not given and signs version 1 of both roots and of image targets.
 */
export async function makeFirstTrust(
  online: OnlineKeys,
  { keys: count, threshold }: KeyCount,
  making: KeyMaking,
  given: GivenSigners = new Map(),
): Promise<FirstTrust> {
  const start = async (role: string): Promise<RoleStart> => {
    const signers = given.get(role);
    if (signers !== undefined) return { made: [], signers };
    const made = await makeKeys(role, role, count, making);
    return { made, signers: made.map(({ signer }) => signer) };
  };
  const imageRootKeys = await start('image-root');
  const targetsKeys = await start('image-targets');
  const directorRootKeys = await start('director-root');
  const offline = ({ signers }: RoleStart): { keys: PublicKey[]; threshold: number } => ({
    keys: signers.map(({ publicKey }) => publicKey),
    threshold,
  });
  const imageRoot = firstRoot(
    {
      root: offline(imageRootKeys),
      targets: offline(targetsKeys),
      snapshot: oneKey(online.image.snapshot),
      timestamp: oneKey(online.image.timestamp),
    },
    making.now,
  );
  const directorRoot = firstRoot(
    {
      root: offline(directorRootKeys),
      targets: oneKey(online.director.targets),
      snapshot: oneKey(online.director.snapshot),
      timestamp: oneKey(online.director.timestamp),
    },
    making.now,
  );
  return {
    keys: [...imageRootKeys.made, ...targetsKeys.made, ...directorRootKeys.made],
    // All sign at birth, though the threshold asks for fewer: each key has then been used once.
    imageRoot: await signMetadata(imageRoot, imageRootKeys.signers),
    imageTargets: await signMetadata(emptyTargets(making.now), targetsKeys.signers),
    directorRoot: await signMetadata(directorRoot, directorRootKeys.signers),
  };
}

function oneKey(key: PublicKey): { keys: readonly PublicKey[]; threshold: number } {
  return { keys: [key], threshold: 1 };
}
