import type { Signer } from '../crypto/signer.ts';

/** How long a device's token is good for: short, because nobody can revoke it before. */
export const TOKEN_LIFETIME_SECONDS = 3_600;

/** Who a token is meant for, so that one made for another system is worthless here. */
export const TOKEN_AUDIENCE = 'sealift';

/**
 * A JWT (RFC 7519, EdDSA as in RFC 8037) by which a device proves itself over HTTP and MQTT. The
 * server checks it with a library; the agent only ever writes this one fixed form.
 */
export async function makeDeviceToken(
  deviceId: string,
  signer: Signer,
  issuedAt: Date,
): Promise<string> {
  const issued = Math.floor(issuedAt.getTime() / 1_000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = part({ alg: 'EdDSA', typ: 'JWT' });
  const claims = part({
    sub: deviceId,
    aud: TOKEN_AUDIENCE,
    iat: issued,
    exp: issued + TOKEN_LIFETIME_SECONDS,
  });
  const signature = await signer.sign(Buffer.from(`${head}.${claims}`, 'utf8'));
  return `${head}.${claims}.${Buffer.from(signature).toString('base64url')}`;
}
