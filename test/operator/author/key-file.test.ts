import { randomBytes } from 'node:crypto';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createKey, listKeys } from '../../../operator/author/key-folder.ts';
import { keyFileBytes, openKey, parseKeyFile, sealKey } from '../../../operator/author/key-file.ts';
import { vaultOf } from '../../../operator/author/vault.ts';
import { isSignedBy } from '../../../shared/crypto/is-signed-by.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { canonicalBytes } from '../../../shared/metadata/canonical-json.ts';
import { newHome } from '../operator.ts';

const head = { name: 'gateway', role: 'product:gateway', createdAt: '2026-06-01T12:00:00.000Z' };
const seed = Buffer.alloc(32, 7);
const secret = Buffer.alloc(32, 1);
const salt = '00'.repeat(32);
const sealed = sealKey(head, seed, { secret, salt }, Buffer.alloc(12, 2));
const message = Buffer.from('a message');

test('a key that was sealed signs again after it is opened by its passphrase', async () => {
  const file = await vaultOf('correct horse', randomBytes).seal(head, seed);
  const stored = parseKeyFile('gateway.key.json', keyFileBytes(file));

  const signer = await vaultOf('correct horse', randomBytes).open(stored);
  expect(isSignedBy(file.publicKey, message, await signer.sign(message))).toBe(true);
});

test('another passphrase does not open it', async () => {
  const file = await vaultOf('correct horse', randomBytes).seal(head, seed);
  await expect(vaultOf('correct horsf', randomBytes).open(file)).rejects.toThrow(
    expect.objectContaining({ code: 'wrong_passphrase' }),
  );
});

test('the seed stands nowhere in the file', () => {
  const text = Buffer.from(keyFileBytes(sealed)).toString();
  expect(text).not.toContain(seed.toString('hex'));
  expect(text).not.toContain(seed.toString('base64'));
});

test('a key cannot be passed off as the key of another role, even with a fresh checksum', () => {
  const whole = { ...sealed, role: 'image-root', checksum: undefined };
  const renamed = { ...whole, checksum: sha256Hex(canonicalBytes(whole)) };
  const parsed = parseKeyFile('x', keyFileBytes(renamed));
  expect(() => openKey(parsed, secret)).toThrow(
    expect.objectContaining({ code: 'wrong_passphrase' }),
  );
  expect(openKey(sealed, secret).publicKey).toEqual(sealed.publicKey);
});

describe('a damaged key file', () => {
  const whole = Buffer.from(keyFileBytes(sealed));
  const changed = (change: object): Buffer => Buffer.from(JSON.stringify({ ...sealed, ...change }));
  const weak = { ...sealed.kdf, N: 1_024 };

  test.each([
    ['that is empty', Buffer.of()],
    ['that was cut in the middle', whole.subarray(0, whole.length / 2)],
    ['of garbage', randomBytes(500)],
    ['of other JSON', Buffer.from('{"hello":"world"}')],
    ['with one digit of its seed changed', changed({ sealed: { ...sealed.sealed, seed: salt } })],
    ['with another name', changed({ name: 'other' })],
    ['with an unknown field', changed({ more: 1 })],
    ['with a cheaper scrypt', changed({ kdf: weak })],
    ['of another schema', changed({ schema: 'sealift.key/2' })],
  ])('%s is called damaged, and nothing of it is repeated', (_, bytes) => {
    const reading = (): unknown => parseKeyFile('keys/gateway.key.json', bytes);
    expect(reading).toThrow(expect.objectContaining({ code: 'key_file_damaged' }));
    expect(reading).toThrow(/^keys\/gateway\.key\.json is damaged: [a-zA-Z. ]+$/);
  });

  test('is told from a whole one', () => {
    expect(parseKeyFile('x', whole)).toEqual(sealed);
  });
});

describe('the keys folder', () => {
  test('keeps keys for their owner only', async () => {
    const folder = await newHome();
    const path = await createKey(folder, sealed);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['gateway.key.json']);
  });

  test('never overwrites a key', async () => {
    const folder = await newHome();
    const path = await createKey(folder, sealed);
    const other = sealKey(head, randomBytes(32), { secret, salt }, randomBytes(12));

    await expect(createKey(folder, other)).rejects.toThrow(
      expect.objectContaining({ code: 'key_exists' }),
    );
    expect(parseKeyFile(path, await readFile(path))).toEqual(sealed);
    expect(await readdir(folder)).toEqual(['gateway.key.json']);
  });

  test.each([0o640, 0o604, 0o644])('does not use a key that others can read (%o)', async (mode) => {
    const folder = await newHome();
    await chmod(await createKey(folder, sealed), mode);
    await expect(listKeys(folder)).rejects.toThrow(
      expect.objectContaining({ code: 'key_file_exposed' }),
    );
  });

  test('lists what it holds, and nothing when it is not there yet', async () => {
    const folder = await newHome();
    expect(await listKeys(`${folder}/none`)).toEqual([]);
    await createKey(folder, sealed);
    await writeFile(`${folder}/notes.txt`, 'not a key');
    expect((await listKeys(folder)).map(({ file }) => file.name)).toEqual(['gateway']);
  });
});
