import type { Signer } from '../../shared/crypto/signer.ts';
import { makeDeviceToken, TOKEN_LIFETIME_SECONDS } from '../../shared/protocol/device-token.ts';

/** Tokens of this device: a fresh one, or one that is good for at least half its life. */
export interface DeviceTokens {
  readonly fresh: () => Promise<string>;
  readonly current: () => Promise<string>;
  /** The server refused one, when it was so late there. Answers whether the next one is another. */
  readonly refused: (serverDate: Date | undefined) => Promise<boolean>;
}

const HALF_LIFE_MS = (TOKEN_LIFETIME_SECONDS * 1_000) / 2;
/** Half of what the server allows: nearer than this, the time was not why it refused. */
const NEAR_MS = 60_000;

/**
 * `deviceNow`: what the device takes for the time. A device without a clock may be months behind, and
 * so would be its tokens; for them alone, it believes the time that the refusing server stated. At
 * worst that makes a token that is good at another hour, for a server that could have used one now.
 */
export function deviceTokens(
  deviceId: string,
  signer: Signer,
  deviceNow: () => Promise<Date>,
): DeviceTokens {
  let held: { readonly token: string; readonly issuedAt: Date } | undefined;
  let aheadMs = 0;
  const tokenNow = async (): Promise<Date> => new Date((await deviceNow()).getTime() + aheadMs);
  const fresh = async (): Promise<string> => {
    const issuedAt = await tokenNow();
    const token = await makeDeviceToken(deviceId, signer, issuedAt);
    held = { token, issuedAt };
    return token;
  };
  const current = async (): Promise<string> => {
    const ageMs = held && (await tokenNow()).getTime() - held.issuedAt.getTime();
    const isGood = ageMs !== undefined && ageMs >= 0 && ageMs < HALF_LIFE_MS;
    return isGood && held !== undefined ? held.token : fresh();
  };
  const refused = async (serverDate: Date | undefined): Promise<boolean> => {
    const stated = serverDate?.getTime() ?? NaN;
    if (Number.isNaN(stated)) return false;
    const behindMs = stated - (await tokenNow()).getTime();
    if (Math.abs(behindMs) < NEAR_MS) return false;
    aheadMs += behindMs;
    held = undefined;
    return true;
  };
  return { fresh, current, refused };
}
