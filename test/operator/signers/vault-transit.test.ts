import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { firstSigner, openSigner } from '../../../operator/signers/open-signer.ts';
import type { SignerWorld } from '../../../operator/signers/remote-key.ts';
import { isSignedBy } from '../../../shared/crypto/is-signed-by.ts';
import { startKeyService, type KeyService, type Recorded } from './key-service.ts';
import { MESSAGE, serviceKey, signerWorld, type ServiceKey } from './signer-world.ts';

const TOKEN = 'hvs.a-token';
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

let service: KeyService;
let world: SignerWorld;
const ed25519 = serviceKey('ed25519');
const p256 = serviceKey('p256');

beforeAll(async () => {
  service = await startKeyService();
});
beforeEach(() => {
  service.requests.length = 0;
  service.answer = (request) => ({ body: transit('ed25519', [ed25519], request) });
  world = signerWorld({ env: { VAULT_ADDR: service.url, VAULT_TOKEN: TOKEN } });
});
afterAll(() => service.close());

/** The answers of the transit engine's API: read key and sign. */
function transit(
  type: 'ed25519' | 'ecdsa-p256' | 'rsa-2048',
  versions: readonly ServiceKey[],
  { method, body }: Recorded,
): unknown {
  if (method === 'GET') {
    const publicKeyOf = ({ pem, der }: ServiceKey): string =>
      type === 'ed25519' ? der.subarray(-32).toString('base64') : pem;
    const keys = versions.map((key, i) => [i + 1, { public_key: publicKeyOf(key), name: type }]);
    const data = {
      type,
      latest_version: versions.length,
      keys: Object.fromEntries(keys) as object,
    };
    return { request_id: 'x', lease_duration: 0, data };
  }
  const version = Number(body['key_version']);
  const input = Buffer.from(String(body['input']), 'base64');
  const signature = versions[version - 1]?.sign(body['prehashed'] === true ? MESSAGE : input);
  const text = `vault:v${version}:${signature?.toString('base64') ?? ''}`;
  return { data: { signature: text, key_version: version } };
}

test('an Ed25519 key signs as much as a role holds', async () => {
  const signer = await firstSigner('vault:ota-root', world);
  const signature = await signer.sign(MESSAGE);

  expect(isSignedBy(signer.publicKey, MESSAGE, signature)).toBe(true);
  expect(service.requests).toMatchObject([
    { method: 'GET', path: '/v1/transit/keys/ota-root', headers: { 'x-vault-token': TOKEN } },
    {
      method: 'POST',
      path: '/v1/transit/sign/ota-root',
      body: { input: MESSAGE.toString('base64'), key_version: 1 },
    },
  ]);
});

test('a P-256 key in an engine of another name signs the digest, in DER', async () => {
  service.answer = (request) => ({ body: transit('ecdsa-p256', [p256], request) });
  const signer = await firstSigner('vault:teams/ota/root', world);

  expect(isSignedBy(signer.publicKey, MESSAGE, await signer.sign(MESSAGE))).toBe(true);
  expect(service.requests[1]).toMatchObject({ path: '/v1/teams/ota/sign/root' });
  expect(service.requests[1]?.body).toEqual({
    input: createHash('sha256').update(MESSAGE).digest('base64'),
    prehashed: true,
    hash_algorithm: 'sha2-256',
    marshaling_algorithm: 'asn1',
    key_version: 1,
  });
});

test('after the key was rotated there, the added version is still reached by its number', async () => {
  const { publicKey } = await firstSigner('vault:ota-root', world);
  const rotated = [ed25519, serviceKey('ed25519')];
  service.answer = (request) => ({ body: transit('ed25519', rotated, request) });

  await expect(openSigner('vault:ota-root', publicKey, world)).rejects.toThrow(
    code('signer_key_changed'),
  );
  const signer = await openSigner('vault:ota-root?version=1', publicKey, world);
  expect(isSignedBy(publicKey, MESSAGE, await signer.sign(MESSAGE))).toBe(true);
});

test('a namespace is named when there is one', async () => {
  const env = { ...world.env, VAULT_NAMESPACE: 'acme' };
  await firstSigner('vault:ota-root', signerWorld({ env }));
  expect(service.requests[0]?.headers['x-vault-namespace']).toBe('acme');
});

test('a key of another kind and a version that is not there are refused', async () => {
  service.answer = (request) => ({ body: transit('rsa-2048', [p256], request) });
  await expect(firstSigner('vault:k', world)).rejects.toThrow(code('signer_key_unfit'));
  await expect(firstSigner('vault:k?version=2', world)).rejects.toThrow(code('signer_key_unknown'));
});

test('a refusal says what the service said, without the token', async () => {
  service.answer = () => ({ status: 403, body: { errors: ['permission denied', TOKEN] } });
  const refused = await firstSigner('vault:k', world).catch((error: unknown) => error);
  expect(String(refused)).toContain('Vault answered 403: permission denied; ***');
});

test.each(['', '../sys/seal', 'transit/..', 'k?version=x', 'a b', '/k'])(
  'an address that is none (%s) is refused before anything is asked',
  async (address) => {
    await expect(firstSigner(`vault:${address}`, world)).rejects.toThrow(
      code('signer_uri_invalid'),
    );
    expect(service.requests).toEqual([]);
  },
);

test('without address or token nothing is asked', async () => {
  await expect(firstSigner('vault:k', signerWorld())).rejects.toThrow(code('signer_login_missing'));
});
