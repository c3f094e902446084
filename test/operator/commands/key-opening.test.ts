import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keyOpening } from '../../../operator/commands/key-opening.ts';
import { firstSigner } from '../../../operator/signers/open-signer.ts';
import type { World } from '../../../operator/world.ts';
import { serviceKey, signerWorld } from '../signers/signer-world.ts';

test('one command asks a signer for its key once, and every command asks anew', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-once-'));
  await writeFile(join(folder, 'public.pem'), serviceKey('p256').pem);
  const program = join(folder, 'program');
  const lines = ['#!/bin/sh', `echo "$1" >> ${folder}/calls`, `cat ${folder}/public.pem`, ''];
  await writeFile(program, lines.join('\n'), { mode: 0o755 });
  const uri = `exec:${program}`;
  const world: World = {
    ...signerWorld(),
    random: () => Buffer.alloc(32),
    print: () => undefined,
    note: () => undefined,
    isTerminal: false,
    confirm: undefined,
    pause: () => Promise.resolve(),
  };
  const { publicKey } = await firstSigner(uri, signerWorld());
  const calls = async (): Promise<number> =>
    (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n').length;
  expect(await calls()).toBe(1);

  const { openSigner } = keyOpening(world);
  expect(await openSigner(uri, publicKey)).toBe(await openSigner(uri, publicKey));
  expect(await calls()).toBe(2);

  await keyOpening(world).openSigner(uri, publicKey);
  expect(await calls()).toBe(3);

  const other = serviceKey('p256').pem;
  const changed = { ...publicKey, keyval: { public: other } } as typeof publicKey;
  await expect(openSigner(uri, changed)).rejects.toThrow(
    expect.objectContaining({ code: 'signer_key_changed' }),
  );
});
