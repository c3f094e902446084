import type { PublicKey } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';

/** What a server signs. A key is made for one of these and never signs another. */
export const ONLINE_ROLES = [
  'image/snapshot',
  'image/timestamp',
  'director/targets',
  'director/snapshot',
  'director/timestamp',
] as const;
export type OnlineRole = (typeof ONLINE_ROLES)[number];

/** The keys with which a server signs, by what they sign. */
export interface OnlineKeys {
  readonly image: { readonly snapshot: Signer; readonly timestamp: Signer };
  readonly director: {
    readonly targets: Signer;
    readonly snapshot: Signer;
    readonly timestamp: Signer;
  };
}

/** The public halves, for the author who writes the roots. */
export interface OnlinePublicKeys {
  readonly image: { readonly snapshot: PublicKey; readonly timestamp: PublicKey };
  readonly director: {
    readonly targets: PublicKey;
    readonly snapshot: PublicKey;
    readonly timestamp: PublicKey;
  };
}

/** One thing for each role, in the form in which roots and answers name them. */
export function byRole<T>(of: (role: OnlineRole) => T): {
  readonly image: { readonly snapshot: T; readonly timestamp: T };
  readonly director: { readonly targets: T; readonly snapshot: T; readonly timestamp: T };
} {
  return {
    image: { snapshot: of('image/snapshot'), timestamp: of('image/timestamp') },
    director: {
      targets: of('director/targets'),
      snapshot: of('director/snapshot'),
      timestamp: of('director/timestamp'),
    },
  };
}

/** The public halves of all keys. */
export function publicKeysOf({ image, director }: OnlineKeys): OnlinePublicKeys {
  return {
    image: { snapshot: image.snapshot.publicKey, timestamp: image.timestamp.publicKey },
    director: {
      targets: director.targets.publicKey,
      snapshot: director.snapshot.publicKey,
      timestamp: director.timestamp.publicKey,
    },
  };
}

/** Every key, in no order that means anything. */
export function allPublicKeys({ image, director }: OnlinePublicKeys): readonly PublicKey[] {
  return [...Object.values(image), ...Object.values(director)] as readonly PublicKey[];
}
