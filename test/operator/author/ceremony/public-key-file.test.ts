import { expect, test } from 'vitest';
import {
  publicKeyFile,
  readPublicKeyFile,
} from '../../../../operator/author/ceremony/public-key-file.ts';
import { testKey } from '../../../support/test-key.ts';

const anna = testKey('anna');
const invalid = expect.objectContaining({ code: 'public_key_invalid' }) as unknown;
const file = await publicKeyFile({ name: 'root-anna', role: 'image-root' }, anna);

test('a public key comes with a proof that its owner holds it', () => {
  const { publicKey } = anna;
  expect(readPublicKeyFile('f', file)).toEqual({
    name: 'root-anna',
    role: 'image-root',
    publicKey,
  });
});

test("a key that somebody else's signature vouches for is refused", async () => {
  const stolen = { ...testKey('eve'), publicKey: anna.publicKey, keyId: anna.keyId };
  const forged = await publicKeyFile({ name: 'root-anna', role: 'image-root' }, stolen);
  expect(() => readPublicKeyFile('f', forged)).toThrow(invalid);
});

test.each([
  ['nothing', Buffer.of()],
  ['a bare key', Buffer.from(JSON.stringify(anna.publicKey))],
  ['a changed statement', changed(file)],
])('%s is refused', (_what, bytes) => {
  expect(() => readPublicKeyFile('f', bytes)).toThrow(invalid);
});

function changed(bytes: Uint8Array): Buffer {
  const envelope = JSON.parse(Buffer.from(bytes).toString()) as { payload: string };
  const payload = Buffer.from(envelope.payload, 'base64').toString().replace('image', 'other');
  return Buffer.from(
    JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }),
  );
}
