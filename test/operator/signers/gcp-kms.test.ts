import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { firstSigner } from '../../../operator/signers/open-signer.ts';
import { isSignedBy } from '../../../shared/crypto/is-signed-by.ts';
import { startKeyService, type KeyService, type Recorded } from './key-service.ts';
import { MESSAGE, serviceKey, signerWorld, type ServiceKey } from './signer-world.ts';

const NAME =
  'projects/acme/locations/europe-west3/keyRings/ota/cryptoKeys/root/cryptoKeyVersions/1';
const TOKEN = 'ya29.a-token';
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

let service: KeyService;
const p256 = serviceKey('p256');

beforeAll(async () => {
  service = await startKeyService();
});
beforeEach(() => {
  service.requests.length = 0;
  service.answer = (request) => ({ body: kms(p256, request) });
});
afterAll(() => service.close());

const world = (env: Readonly<Record<string, string>> = { CLOUDSDK_AUTH_ACCESS_TOKEN: TOKEN }) =>
  signerWorld({ env: { CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS: `${service.url}/`, ...env } });

/** The answers of the REST reference: getPublicKey and asymmetricSign. */
function kms(key: ServiceKey, { path, body }: Recorded): unknown {
  if (path === `/v1/${NAME}/publicKey`) {
    return { pem: key.pem, algorithm: 'EC_SIGN_P256_SHA256', name: NAME };
  }
  const raw = body['data'];
  const message = typeof raw === 'string' ? Buffer.from(raw, 'base64') : MESSAGE;
  return { signature: key.sign(message).toString('base64'), name: NAME };
}

test('a P-256 key signs the digest of as much as a role holds', async () => {
  const signer = await firstSigner(`gcpkms:${NAME}`, world());
  const signature = await signer.sign(MESSAGE);

  expect(isSignedBy(signer.publicKey, MESSAGE, signature)).toBe(true);
  const [get, signed] = service.requests;
  expect(get).toMatchObject({
    method: 'GET',
    path: `/v1/${NAME}/publicKey`,
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  expect(signed).toMatchObject({ method: 'POST', path: `/v1/${NAME}:asymmetricSign` });
  expect(signed?.body).toEqual({
    digest: { sha256: createHash('sha256').update(MESSAGE).digest('base64') },
  });
});

test('an Ed25519 key signs the bytes themselves, up to what the service takes', async () => {
  const key = serviceKey('ed25519');
  service.answer = (request) => ({ body: kms(key, request) });
  const signer = await firstSigner(`gcpkms:${NAME}`, world());

  expect(isSignedBy(signer.publicKey, MESSAGE, await signer.sign(MESSAGE))).toBe(true);
  await expect(signer.sign(Buffer.alloc(65_537))).rejects.toThrow(code('signer_limit'));
});

test('on a machine of theirs the token is that of the machine', async () => {
  service.answer = (request) =>
    request.path === '/computeMetadata/v1/instance/service-accounts/default/token'
      ? { body: { access_token: TOKEN, expires_in: 3_599, token_type: 'Bearer' } }
      : { body: kms(p256, request) };

  await firstSigner(`gcpkms:${NAME}`, world({ GCE_METADATA_HOST: new URL(service.url).host }));
  expect(service.requests.map(({ headers }) => headers['metadata-flavor'])).toEqual([
    'Google',
    undefined,
  ]);
  expect(service.requests[1]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
});

test('without a token nothing is asked', async () => {
  await expect(firstSigner(`gcpkms:${NAME}`, world({}))).rejects.toThrow(
    code('signer_login_missing'),
  );
  expect(service.requests).toEqual([]);
});

test('a refusal says what the service said, without the token', async () => {
  const message = `Permission 'cloudkms.cryptoKeyVersions.viewPublicKey' denied for ${TOKEN}`;
  service.answer = () => ({ status: 403, body: { error: { code: 403, message, status: 'X' } } });
  const refused = await firstSigner(`gcpkms:${NAME}`, world()).catch((error: unknown) => error);
  expect(refused).toEqual(code('signer_refused'));
  expect(String(refused)).toContain('viewPublicKey');
  expect(String(refused)).not.toContain(TOKEN);
});

test.each(['', 'projects/acme', NAME.replace('/cryptoKeyVersions/1', ''), `${NAME}/../2`])(
  'a name that is of no key version (%s) is refused',
  async (name) => {
    await expect(firstSigner(`gcpkms:${name}`, world())).rejects.toThrow(
      code('signer_uri_invalid'),
    );
  },
);
