import { createHash, sign } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { firstSigner, openSigner } from '../../../operator/signers/open-signer.ts';
import type { SignerWorld } from '../../../operator/signers/remote-key.ts';
import { isSignedBy } from '../../../shared/crypto/is-signed-by.ts';
import { startKeyService, type KeyService, type Recorded } from './key-service.ts';
import { MESSAGE, serviceKey, signerWorld, type ServiceKey } from './signer-world.ts';

const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

let service: KeyService;
let world: SignerWorld;
const p256 = serviceKey('p256');

beforeAll(async () => {
  service = await startKeyService();
});
beforeEach(() => {
  service.requests.length = 0;
  service.answer = (request) => ({ body: kms(p256, request) });
  world = signerWorld({
    env: {
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: SECRET,
      AWS_SESSION_TOKEN: 'session-token',
      AWS_ENDPOINT_URL_KMS: service.url,
    },
  });
});
afterAll(() => service.close());

/** The answers of the API reference: GetPublicKey and Sign. */
function kms(key: ServiceKey, { headers, body }: Recorded): unknown {
  const meta = { KeyId: ARN, KeyUsage: 'SIGN_VERIFY' };
  if (headers['x-amz-target'] === 'TrentService.GetPublicKey') {
    return { ...meta, PublicKey: key.der.toString('base64'), SigningAlgorithms: [] };
  }
  const message = Buffer.from(String(body['Message']), 'base64');
  const signature =
    body['MessageType'] === 'DIGEST' ? signDigestOf(key, message) : key.sign(message);
  const SigningAlgorithm = body['SigningAlgorithm'];
  return { ...meta, Signature: signature.toString('base64'), SigningAlgorithm };
}

/** Node signs no bare digest, so this service knows the only message that is sent here. */
function signDigestOf(key: ServiceKey, digest: Buffer): Buffer {
  expect(digest).toEqual(createHash('sha256').update(MESSAGE).digest());
  return sign('sha256', MESSAGE, key.privateKey);
}

test('a P-256 key signs the digest of as much as a role holds', async () => {
  const signer = await firstSigner(`awskms:${ARN}`, world);
  const signature = await signer.sign(MESSAGE);

  expect(isSignedBy(signer.publicKey, MESSAGE, signature)).toBe(true);
  const [get, signed] = service.requests;
  expect(get).toMatchObject({ method: 'POST', path: '/', body: { KeyId: ARN } });
  expect(signed).toMatchObject({
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.Sign',
      'x-amz-date': '20260601T120000Z',
      'x-amz-security-token': 'session-token',
    },
    body: { KeyId: ARN, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' },
  });
  expect(signed?.headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20260601\/eu-central-1\/kms\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=[0-9a-f]{64}$/,
  );
});

test('an Ed25519 key signs up to what the service takes, and says so of more', async () => {
  const key = serviceKey('ed25519');
  service.answer = (request) => ({ body: kms(key, request) });
  const signer = await firstSigner(`awskms:${ARN}`, world);
  const fits = MESSAGE.subarray(0, 4_096);

  expect(isSignedBy(signer.publicKey, fits, await signer.sign(fits))).toBe(true);
  expect(service.requests.at(-1)?.body).toMatchObject({
    MessageType: 'RAW',
    SigningAlgorithm: 'ED25519_SHA_512',
  });
  await expect(signer.sign(MESSAGE.subarray(0, 4_097))).rejects.toThrow(code('signer_limit'));
});

test('the region is of the ARN, else of AWS_REGION, else asked for', async () => {
  const signed = async (env: object): Promise<string | undefined> => {
    await firstSigner('awskms:alias/root', signerWorld({ env: { ...world.env, ...env } }));
    return service.requests.at(-1)?.headers.authorization;
  };
  expect(await signed({ AWS_REGION: 'us-west-2' })).toContain('/us-west-2/kms/');
  await expect(signed({})).rejects.toThrow(code('signer_login_missing'));
});

test('a refusal says what the service said', async () => {
  service.answer = () => ({
    status: 400,
    body: { __type: 'AccessDeniedException', Message: 'not authorized to perform: kms:Sign' },
  });
  await expect(firstSigner(`awskms:${ARN}`, world)).rejects.toThrow(
    /AWS KMS answered 400: AccessDeniedException: not authorized/,
  );
});

test('what the service echoes of the secret is not shown', async () => {
  service.answer = () => ({ status: 403, body: { __type: 'X', message: `your key ${SECRET}` } });
  const refused = await firstSigner(`awskms:${ARN}`, world).catch((error: unknown) => error);
  expect(refused).toEqual(code('signer_refused'));
  expect(String(refused)).not.toContain(SECRET);
});

test('a signature that does not verify is thrown away', async () => {
  const signer = await firstSigner(`awskms:${ARN}`, world);
  service.answer = (request) => ({ body: kms(serviceKey('p256'), request) });
  await expect(signer.sign(MESSAGE)).rejects.toThrow(code('signature_wrong'));
});

test('another key behind the same name is refused, the same one is taken', async () => {
  const { publicKey } = await firstSigner(`awskms:${ARN}`, world);
  expect(await openSigner(`awskms:${ARN}`, publicKey, world)).toMatchObject({ publicKey });

  service.answer = (request) => ({ body: kms(serviceKey('p256'), request) });
  await expect(openSigner(`awskms:${ARN}`, publicKey, world)).rejects.toThrow(
    code('signer_key_changed'),
  );
});

test.each([
  ['that is down', 503, {}],
  ['that asks to slow down', 429, {}],
  ['that answers something else', 200, { PublicKey: 7 }],
  ['that answers no JSON', 200, '<html>'],
  ['that answers without end', 200, '"'.padEnd(300_000, 'a')],
])('a service %s is unavailable', async (_, status, body) => {
  service.answer = () => ({ status, body });
  await expect(firstSigner(`awskms:${ARN}`, world)).rejects.toThrow(code('signer_unavailable'));
});

test('credentials go nowhere but over TLS or to this machine, and follow no redirect', async () => {
  const at = (url: string): Promise<unknown> =>
    firstSigner(`awskms:${ARN}`, signerWorld({ env: { ...world.env, AWS_ENDPOINT_URL_KMS: url } }));
  await expect(at('http://kms.example.com/')).rejects.toThrow(code('plaintext_refused'));

  service.answer = () => ({ status: 307, body: {}, headers: { location: `${service.url}/other` } });
  await expect(at(service.url)).rejects.toThrow(code('signer_unavailable'));
  expect(service.requests.map(({ path }) => path)).toEqual(['/']);
});

test('without credentials nothing is asked', async () => {
  await expect(firstSigner(`awskms:${ARN}`, signerWorld())).rejects.toThrow(
    code('signer_login_missing'),
  );
  expect(service.requests).toEqual([]);
});
