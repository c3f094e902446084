import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { nativePublicKey } from '../../shared/crypto/native-ed25519.ts';

/** A parsed key costs about as much memory as its device's row; a fleet's busiest fit. */
const REMEMBERED = 20_000;

/**
 * The key of a device, parsed once: parsing it again would cost as much as the signature. A device
 * never changes its key; whether it is still accepted is not asked here.
 */
export function rememberDeviceKeys(
  findPublicKey: (deviceId: string) => Promise<string | undefined>,
): (deviceId: string) => Promise<KeyObject | undefined> {
  const remembered = new LRUCache<string, KeyObject>({ max: REMEMBERED });
  return async (deviceId) => {
    const known = remembered.get(deviceId);
    if (known !== undefined) return known;
    const publicKey = await findPublicKey(deviceId);
    if (publicKey === undefined) return undefined;
    const key = nativePublicKey(publicKey);
    remembered.set(deviceId, key);
    return key;
  };
}
