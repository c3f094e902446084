import { chmod, mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newSeed } from '../../../shared/crypto/ed25519.ts';
import { loadOnlineKeys } from '../../../server/keys/first-keys.ts';
import { allPublicKeys, publicKeysOf } from '../../../server/keys/online-keys.ts';

async function folder(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'sealift-keys-')), 'keys');
}

test('five different keys are made once, for the eyes of the owner only', async () => {
  const path = await folder();

  const made = publicKeysOf(await loadOnlineKeys(path, newSeed));
  const again = publicKeysOf(await loadOnlineKeys(path, newSeed));

  expect(again).toEqual(made);
  expect(new Set(allPublicKeys(made).map((key) => key.keyval.public)).size).toBe(5);
  for (const name of await readdir(path)) {
    expect((await stat(join(path, name))).mode & 0o777).toBe(0o600);
  }
});

test('a key file that was opened to others is closed again', async () => {
  const path = await folder();
  await loadOnlineKeys(path, newSeed);
  const file = join(path, 'image-timestamp.json');
  await chmod(file, 0o644);

  await loadOnlineKeys(path, newSeed);

  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test.each(['', '{', '{"keytype":"ed25519"}', '{"keytype":"ed25519","seed":"00"}'])(
  'a key file that says %j is never replaced by a new key',
  async (text) => {
    const path = await folder();
    await loadOnlineKeys(path, newSeed);
    await writeFile(join(path, 'image-timestamp.json'), text);

    await expect(loadOnlineKeys(path, newSeed)).rejects.toThrow('restore it from your backup');
  },
);
