import { decodeJwt, errors, jwtVerify } from 'jose';
import { nativePublicKey } from '../../shared/crypto/native-ed25519.ts';
import { DeviceId } from '../../shared/protocol/device-id.ts';
import { TOKEN_AUDIENCE, TOKEN_LIFETIME_SECONDS } from '../../shared/protocol/device-token.ts';
import { rememberedTokens, type LetIn } from './remembered-tokens.ts';

/** Who a token belongs to, or why it is not let in. */
export type DeviceIdentity = LetIn | DeviceRefusal;

export interface DeviceRefusal {
  readonly kind: 'refused';
  readonly code: 'unauthorized' | 'device_not_accepted';
}

/** Reads an `Authorization` header. At once when the token is known, so the hot path makes no promise. */
export type DeviceAuthentication = (
  authorization: string | undefined,
) => DeviceIdentity | Promise<DeviceIdentity>;

/** What is known of a device that may be let in. */
export interface KnownDevice {
  readonly publicKey: string;
  readonly state: 'pending' | 'accepted' | 'rejected' | 'retired';
}

export interface DeviceAuthDeps {
  readonly now: () => Date;
  readonly findDevice: (id: string) => Promise<KnownDevice | undefined>;
  /** How many verified tokens are remembered. */
  readonly maxTokens?: number;
}

/** Checks devices' tokens, for HTTP and for MQTT alike. */
export interface DeviceAuth {
  readonly authenticate: DeviceAuthentication;
  readonly verifyDeviceToken: (token: string) => Promise<DeviceIdentity>;
  /** Must be called when a device's state changes: what was verified before no longer counts. */
  readonly forgetDevice: (id: string) => void;
}

const UNAUTHORIZED: DeviceRefusal = { kind: 'refused', code: 'unauthorized' };
const NOT_ACCEPTED: DeviceRefusal = { kind: 'refused', code: 'device_not_accepted' };
const MAX_TOKENS = 200_000;
const MAX_TOKEN_LENGTH = 2_048;
const CLOCK_TOLERANCE_SECONDS = 120;

/**
 * A token's signature is checked once; until the token expires, meeting it again is one look-up. An
 * Ed25519 check per request would cost seven of eight requests (measured).
 */
export function deviceAuth({
  now,
  findDevice,
  maxTokens = MAX_TOKENS,
}: DeviceAuthDeps): DeviceAuth {
  const remembered = rememberedTokens(maxTokens);
  let forgotten = 0;
  const known = (token: string): LetIn | undefined => remembered.find(token, now());

  const verify = async (token: string): Promise<DeviceIdentity> => {
    const before = forgotten;
    const id = claimedDevice(token);
    const device = id === undefined ? undefined : await findDevice(id);
    if (id === undefined || device === undefined) return UNAUTHORIZED;
    const expiresAt = await expiryOf(token, device.publicKey, now());
    if (expiresAt === undefined) return UNAUTHORIZED;
    if (device.state !== 'accepted') return NOT_ACCEPTED;
    const identity = { kind: 'device', id } as const;
    // Its state changed while we looked: let this one in or not by what was true then, remember nothing.
    if (forgotten === before) remembered.remember(token, identity, expiresAt);
    return identity;
  };

  const verifyDeviceToken = async (token: string): Promise<DeviceIdentity> =>
    known(token) ?? verify(token);

  return {
    verifyDeviceToken,
    authenticate: (authorization) => {
      if (authorization?.startsWith('Bearer ') !== true) return UNAUTHORIZED;
      const token = authorization.slice('Bearer '.length);
      return known(token) ?? verify(token);
    },
    forgetDevice: (id) => {
      forgotten += 1;
      remembered.forgetDevice(id);
    },
  };
}

/** The answer to a device that is not let in. */
export function deviceRefused({ code }: DeviceRefusal): Response {
  return code === 'unauthorized'
    ? Response.json(
        { code, message: 'this needs a token signed by an enrolled device' },
        { status: 401, headers: { 'WWW-Authenticate': 'Bearer' } },
      )
    : Response.json({ code, message: 'the device is enrolled and not accepted' }, { status: 403 });
}

/** Whose key to check the token with. Nothing is believed yet. */
function claimedDevice(token: string): string | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  try {
    const id = DeviceId.safeParse(decodeJwt(token).sub);
    return id.success ? id.data : undefined;
  } catch (cause) {
    if (cause instanceof errors.JWTInvalid) return undefined;
    throw cause;
  }
}

async function expiryOf(token: string, publicHex: string, now: Date): Promise<number | undefined> {
  try {
    const { payload } = await jwtVerify(token, nativePublicKey(publicHex), {
      algorithms: ['EdDSA'],
      audience: TOKEN_AUDIENCE,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: now,
      // However late it says it expires: a token that leaks is worthless soon.
      maxTokenAge: TOKEN_LIFETIME_SECONDS,
      requiredClaims: ['sub', 'iat', 'exp'],
    });
    const { iat = 0, exp = 0 } = payload;
    return Math.min(exp, iat + TOKEN_LIFETIME_SECONDS) * 1_000;
  } catch (cause) {
    if (cause instanceof errors.JOSEError) return undefined;
    throw cause;
  }
}
