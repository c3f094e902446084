import { expect, test } from 'vitest';
import type { Signer } from '../../../shared/crypto/signer.ts';
import { makeDeviceToken } from '../../../shared/protocol/device-token.ts';
import { deviceAuth, type DeviceAuth, type KnownDevice } from '../../../server/http/device-auth.ts';
import { testKey } from '../../support/test-key.ts';

const noon = new Date('2026-06-01T12:00:00Z');
const MINUTE = 60_000;
const later = (milliseconds: number): Date => new Date(noon.getTime() + milliseconds);
const key = testKey('device d1');
const let_in = { kind: 'device', id: 'd1' };
const unauthorized = { kind: 'refused', code: 'unauthorized' };

interface Scene extends DeviceAuth {
  readonly clock: { now: Date };
  readonly device: { state: KnownDevice['state'] };
  /** Whose device was looked up, in order. */
  readonly lookedUp: string[];
}

function scene(maxTokens = 100): Scene {
  const clock = { now: noon };
  const device: Scene['device'] = { state: 'accepted' };
  const lookedUp: string[] = [];
  const auth = deviceAuth({
    now: () => clock.now,
    maxTokens,
    findDevice: (id) => {
      lookedUp.push(id);
      const known = { publicKey: key.publicKey.keyval.public, state: device.state };
      return Promise.resolve(id === 'd1' ? known : undefined);
    },
  });
  return { ...auth, clock, device, lookedUp };
}

/** A JWT with any head and any claims. */
async function token(
  claims: object,
  { signer = key, head = { alg: 'EdDSA', typ: 'JWT' } }: { signer?: Signer; head?: object } = {},
): Promise<string> {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const covered = `${part(head)}.${part(claims)}`;
  const signature = await signer.sign(Buffer.from(covered));
  return `${covered}.${Buffer.from(signature).toString('base64url')}`;
}

const seconds = (instant: Date): number => Math.floor(instant.getTime() / 1_000);
const claims = { sub: 'd1', aud: 'sealift', iat: seconds(noon), exp: seconds(noon) + 3_600 };

test('a token that a device made lets it in', async () => {
  const { verifyDeviceToken } = scene();

  expect(await verifyDeviceToken(await makeDeviceToken('d1', key, noon))).toEqual(let_in);
});

test('meeting a token again asks nobody, and needs no promise', async () => {
  const { authenticate, lookedUp } = scene();
  const bearer = `Bearer ${await makeDeviceToken('d1', key, noon)}`;
  await authenticate(bearer);

  expect(authenticate(bearer)).toEqual(let_in);
  expect(lookedUp).toEqual(['d1']);
});

test('a remembered token is worth nothing once it has expired', async () => {
  const { verifyDeviceToken, clock } = scene();
  const made = await makeDeviceToken('d1', key, noon);
  await verifyDeviceToken(made);

  clock.now = later(60 * MINUTE - 1);
  expect(await verifyDeviceToken(made)).toEqual(let_in);
  clock.now = later(63 * MINUTE);
  expect(await verifyDeviceToken(made)).toEqual(unauthorized);
});

test('clocks may differ by two minutes', async () => {
  const { verifyDeviceToken } = scene();

  expect(await verifyDeviceToken(await makeDeviceToken('d1', key, later(2 * MINUTE)))).toEqual(
    let_in,
  );
  expect(await verifyDeviceToken(await makeDeviceToken('d1', key, later(3 * MINUTE)))).toEqual(
    unauthorized,
  );
});

test.each([
  ['signed by another device', () => token(claims, { signer: testKey('device d2') })],
  ['of a device nobody knows', () => token({ ...claims, sub: 'd9' })],
  ['for another system', () => token({ ...claims, aud: 'elsewhere' })],
  ['for nobody', () => token({ sub: 'd1', iat: claims.iat, exp: claims.exp })],
  ['that never expires', () => token({ sub: 'd1', aud: 'sealift', iat: claims.iat })],
  ['of no age', () => token({ sub: 'd1', aud: 'sealift', exp: claims.exp })],
  ['made long ago to last long', () => token({ ...claims, iat: claims.iat - 7_200, exp: 2e9 })],
  ['without an algorithm', () => token(claims, { head: { alg: 'none' } })],
  ['with a symmetric algorithm', () => token(claims, { head: { alg: 'HS256' } })],
  ['whose subject is a path', () => token({ ...claims, sub: '../d1' })],
  ['whose subject is no text', () => token({ ...claims, sub: 7 })],
  ['that is empty', () => Promise.resolve('')],
  ['that is no token', () => Promise.resolve('a.b.c')],
  ['that is far too long', () => token({ ...claims, luggage: 'x'.repeat(10_000) })],
])('a token %s is refused', async (_name, make) => {
  const { verifyDeviceToken } = scene();

  expect(await verifyDeviceToken(await make())).toEqual(unauthorized);
});

test('a token may ask for longer than an hour, and gets an hour', async () => {
  const { verifyDeviceToken, clock } = scene();
  const greedy = await token({ ...claims, exp: claims.exp + 86_400 });
  expect(await verifyDeviceToken(greedy)).toEqual(let_in);

  clock.now = later(63 * MINUTE);
  expect(await verifyDeviceToken(greedy)).toEqual(unauthorized);
});

test.each([undefined, '', 'Basic abc', 'Bearer', 'bearer x'])(
  'the header %s lets nobody in',
  async (header) => {
    expect(await scene().authenticate(header)).toEqual(unauthorized);
  },
);

test('a device that is not accepted is told so, but only with a right token', async () => {
  const { verifyDeviceToken, device } = scene();
  device.state = 'pending';

  expect(await verifyDeviceToken(await token(claims))).toEqual({
    kind: 'refused',
    code: 'device_not_accepted',
  });
  expect(await verifyDeviceToken(await token(claims, { signer: testKey('eve') }))).toEqual(
    unauthorized,
  );
});

test('a device that is forgotten has to be looked at anew, on all its tokens', async () => {
  const { verifyDeviceToken, forgetDevice, device } = scene();
  const tokens = [await token(claims), await token({ ...claims, jti: 'second' })];
  for (const each of tokens) await verifyDeviceToken(each);

  device.state = 'retired';
  forgetDevice('d1');

  for (const each of tokens) {
    expect(await verifyDeviceToken(each)).toMatchObject({ code: 'device_not_accepted' });
  }
});

test('a device that is forgotten while its token is being checked is not remembered', async () => {
  const { verifyDeviceToken, forgetDevice, lookedUp } = scene();
  const made = await token(claims);
  const checking = verifyDeviceToken(made);

  forgetDevice('d1');
  await checking;
  await verifyDeviceToken(made);

  expect(lookedUp).toEqual(['d1', 'd1']);
});

test('only so many tokens are remembered, the last used ones', async () => {
  const { verifyDeviceToken, lookedUp } = scene(2);
  const [a, b, c] = [
    await token({ ...claims, jti: 'a' }),
    await token({ ...claims, jti: 'b' }),
    await token({ ...claims, jti: 'c' }),
  ];
  for (const each of [a, b, c]) await verifyDeviceToken(each);

  await verifyDeviceToken(c);
  expect(lookedUp).toHaveLength(3);
  await verifyDeviceToken(a);
  expect(lookedUp).toHaveLength(4);
});
