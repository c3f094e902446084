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

/** Makes all offline keys and signs version 1 of both roots and of image targets. */
export async function makeFirstTrust(
  online: OnlineKeys,
  { keys: count, threshold }: KeyCount,
  making: KeyMaking,
): Promise<FirstTrust> {
  const imageRootKeys = await makeKeys('image-root', 'image-root', count, making);
  const targetsKeys = await makeKeys('image-targets', 'image-targets', count, making);
  const directorRootKeys = await makeKeys('director-root', 'director-root', count, making);
  const offline = (keys: readonly NewKey[]): { keys: PublicKey[]; threshold: number } => ({
    keys: keys.map(({ signer }) => signer.publicKey),
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
    keys: [...imageRootKeys, ...targetsKeys, ...directorRootKeys],
    imageRoot: await signMetadata(imageRoot, signersOf(imageRootKeys)),
    imageTargets: await signMetadata(emptyTargets(making.now), signersOf(targetsKeys)),
    directorRoot: await signMetadata(directorRoot, signersOf(directorRootKeys)),
  };
}

function oneKey(key: PublicKey): { keys: readonly PublicKey[]; threshold: number } {
  return { keys: [key], threshold: 1 };
}

/** All sign at birth, though the threshold asks for fewer: each key has then been used once. */
function signersOf(keys: readonly NewKey[]): readonly Signer[] {
  return keys.map(({ signer }) => signer);
}
