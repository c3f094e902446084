import { randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keyFileBytes } from '../../../operator/author/key-file.ts';
import { vaultOf } from '../../../operator/author/vault.ts';
import { firstSigner, openSigner } from '../../../operator/signers/open-signer.ts';
import { parseSignerUri, storableUri } from '../../../operator/signers/signer-uri.ts';
import { isSignedBy } from '../../../shared/crypto/is-signed-by.ts';
import { MESSAGE, signerWorld } from './signer-world.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

test('a signer is its scheme and an address that the scheme reads', () => {
  expect(parseSignerUri('pkcs11:token=a;object=b?module-path=/x')).toEqual({
    scheme: 'pkcs11',
    address: 'token=a;object=b?module-path=/x',
  });
  expect(parseSignerUri('ssh-agent:')).toEqual({ scheme: 'ssh-agent', address: '' });
});

test.each([
  ['without a scheme', 'key.json'],
  ['of an unknown scheme', 'azurekms:key'],
  ['of a scheme in capitals', 'FILE:key.json'],
  ['with a line break', 'exec:a\nb'],
  ['that is endless', `exec:${'a'.repeat(3_000)}`],
  ['that is empty', ''],
])('a signer %s is refused', (_, uri) => {
  expect(() => parseSignerUri(uri)).toThrow(code('signer_uri_invalid'));
});

test('a relative file is stored as it is found from anywhere', () => {
  expect(storableUri('file:keys/a.key.json')).toBe(
    `file:${join(process.cwd(), 'keys/a.key.json')}`,
  );
  expect(storableUri('vault:a')).toBe('vault:a');
});

test('an encrypted key file elsewhere signs when its passphrase opens it', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'sealift-stick-')), 'root.key.json');
  const vault = vaultOf('correct horse battery', randomBytes);
  const head = { name: 'root', role: 'image-root', createdAt: '2026-06-01T12:00:00.000Z' };
  await writeFile(path, keyFileBytes(await vault.seal(head, randomBytes(32))));

  const { publicKey } = await firstSigner(`file:${path}`, signerWorld({ vault }));
  const signer = await openSigner(`file:${path}`, publicKey, signerWorld({ vault }));
  expect(isSignedBy(publicKey, MESSAGE, await signer.sign(MESSAGE))).toBe(true);

  const other = vaultOf('another passphrase', randomBytes);
  await expect(
    openSigner(`file:${path}`, publicKey, signerWorld({ vault: other })),
  ).rejects.toThrow(code('wrong_passphrase'));
});

test('a key file that is not there, or not one, is a sentence', async () => {
  await expect(firstSigner('file:/no/key.json', signerWorld())).rejects.toThrow(
    code('file_unreadable'),
  );
  await expect(firstSigner('file:package.json', signerWorld())).rejects.toThrow(
    code('key_file_damaged'),
  );
  await expect(firstSigner('file:', signerWorld())).rejects.toThrow(code('signer_uri_invalid'));
});
