import type { Signer } from '../../shared/crypto/signer.ts';
import { makeDeviceToken, TOKEN_LIFETIME_SECONDS } from '../../shared/protocol/device-token.ts';

/** Tokens of this device: a fresh one, or one that is good for at least half its life. */
export interface DeviceTokens {
  readonly fresh: () => Promise<string>;
  readonly current: () => Promise<string>;
}

const HALF_LIFE_MS = (TOKEN_LIFETIME_SECONDS * 1_000) / 2;

/** `trustedNow`: a device with a dead clock still makes tokens that its server accepts. */
export function deviceTokens(
  deviceId: string,
  signer: Signer,
  trustedNow: () => Promise<Date>,
): DeviceTokens {
  let held: { readonly token: string; readonly issuedAt: Date } | undefined;
  const fresh = async (): Promise<string> => {
    const issuedAt = await trustedNow();
    const token = await makeDeviceToken(deviceId, signer, issuedAt);
    held = { token, issuedAt };
    return token;
  };
  const current = async (): Promise<string> => {
    const ageMs = held && (await trustedNow()).getTime() - held.issuedAt.getTime();
    const isGood = ageMs !== undefined && ageMs >= 0 && ageMs < HALF_LIFE_MS;
    return isGood && held !== undefined ? held.token : fresh();
  };
  return { fresh, current };
}
