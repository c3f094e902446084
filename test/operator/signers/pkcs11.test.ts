import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { firstSigner, openSigner } from '../../../operator/signers/open-signer.ts';
import type { SignerWorld } from '../../../operator/signers/remote-key.ts';
import { isSignedBy } from '../../../shared/crypto/is-signed-by.ts';
import { MESSAGE, signerWorld } from './signer-world.ts';
import { PIN, startSoftHsm, type SoftHsm } from './soft-hsm.ts';
import { describeWith } from './tools.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describeWith(['softhsm2-util', 'pkcs11-tool'], 'a token behind PKCS#11 (SoftHSM2)', () => {
  let hsm: SoftHsm;
  let world: SignerWorld;

  beforeAll(async () => {
    hsm = await startSoftHsm('anna');
    await hsm.makeKey('first', '01', 'EC:edwards25519');
    await hsm.makeKey('root', '0a0b');
    await hsm.makeKey('large', '03', 'rsa:2048');
    world = signerWorld({ env: { ...hsm.env, SEALIFT_PKCS11_PIN: PIN } });
  });

  test('signs as much as a role holds with a P-256 key that is not its first', async () => {
    const signer = await firstSigner(hsm.uri('root'), world);

    expect(signer.publicKey.scheme).toBe('ecdsa-sha2-nistp256');
    expect(isSignedBy(signer.publicKey, MESSAGE, await signer.sign(MESSAGE))).toBe(true);
  });

  test('finds the key by its id, and the token by its serial number', async () => {
    const byLabel = await firstSigner(hsm.uri('root'), world);
    const byId = await firstSigner(
      `pkcs11:model=SoftHSM%20v2;token=anna;id=%0A%0b;type=private?module-path=${hsm.module}`,
      world,
    );
    expect(byId.keyId).toBe(byLabel.keyId);
    await expect(
      firstSigner(`pkcs11:serial=00;object=root?module-path=${hsm.module}`, world),
    ).rejects.toThrow(code('signer_key_unknown'));
  });

  test('names what there is when the key is not there or not the only one', async () => {
    await expect(firstSigner(hsm.uri('other'), world)).rejects.toThrow(/object=root \(id 0a0b\)/);
    await expect(firstSigner(`pkcs11:token=anna?module-path=${hsm.module}`, world)).rejects.toThrow(
      /there are 3 public keys/,
    );
  });

  test('refuses a key of another kind', async () => {
    await expect(firstSigner(hsm.uri('large'), world)).rejects.toThrow(code('signer_key_unfit'));
  });

  test('an Ed25519 key signs what fits the tool, and says so of what does not', async () => {
    const signer = await firstSigner(hsm.uri('first'), world);
    const fits = MESSAGE.subarray(0, 1_024);

    expect(isSignedBy(signer.publicKey, fits, await signer.sign(fits))).toBe(true);
    await expect(signer.sign(MESSAGE.subarray(0, 1_025))).rejects.toThrow(code('signer_limit'));
  });

  test('refuses another key under the same name', async () => {
    await hsm.makeKey('moving', '05');
    const before = await firstSigner(hsm.uri('moving'), world);
    await openSigner(hsm.uri('moving'), before.publicKey, world);

    await hsm.deleteKey('05');
    await hsm.makeKey('moving', '05');
    await expect(openSigner(hsm.uri('moving'), before.publicKey, world)).rejects.toThrow(
      code('signer_key_changed'),
    );
  });

  describe('its PIN', () => {
    test('is asked for once when nothing else gives it', async () => {
      const questions: string[] = [];
      const askSecret = (question: string): Promise<string> => {
        questions.push(question);
        return Promise.resolve(PIN);
      };
      const signer = await firstSigner(hsm.uri('root'), signerWorld({ env: hsm.env, askSecret }));
      await signer.sign(MESSAGE);
      await signer.sign(MESSAGE);
      expect(questions).toEqual(['PIN of anna:']);
    });

    test('comes from the file that pin-source names', async () => {
      const path = join(await mkdtemp(join(tmpdir(), 'sealift-pin-')), 'pin');
      await writeFile(path, `${PIN}\n`);
      const uri = `${hsm.uri('root')}&pin-source=file:${path}`;
      const signer = await firstSigner(uri, signerWorld({ env: hsm.env }));
      expect(await signer.sign(MESSAGE)).toBeInstanceOf(Uint8Array);
    });

    test('that nobody gives is asked for in words', async () => {
      await expect(firstSigner(hsm.uri('root'), signerWorld({ env: hsm.env }))).rejects.toThrow(
        code('no_pin'),
      );
    });

    test('that is wrong is refused, and not repeated in the error', async () => {
      const env = { ...hsm.env, SEALIFT_PKCS11_PIN: 'wrong-pin-0815' };
      const signer = await firstSigner(hsm.uri('root'), signerWorld({ env }));
      const refused = await Promise.resolve(signer.sign(MESSAGE)).catch((error: unknown) => error);
      expect(refused).toEqual(code('pin_refused'));
      expect(String(refused)).not.toContain('wrong-pin-0815');
    });

    test('is on no command line, and our passphrase is not in the environment', async () => {
      const { folder, seen } = await watchedTool(hsm);
      const env = {
        ...hsm.env,
        PATH: `${folder}:${hsm.env['PATH'] ?? ''}`,
        SEALIFT_PKCS11_PIN: PIN,
        SEALIFT_PASSPHRASE: 'a passphrase of key files',
        SEALIFT_TOKEN: 'slo_token',
      };
      const signer = await firstSigner(hsm.uri('root'), signerWorld({ env }));
      await signer.sign(MESSAGE);

      const calls = await seen();
      expect(calls.argv).toContain('--sign');
      expect(calls.argv).not.toContain(PIN);
      expect(calls.environ).not.toMatch(/a passphrase of key files|slo_token|SEALIFT_/);
      expect(calls.environ.split(PIN)).toHaveLength(2); // the one call that signs needs it
      expect(calls.coreLimits).toEqual(['0', '0', '0', '0']);
    });
  });

  test('without pkcs11-tool the sentence says what to install', async () => {
    const env = { ...world.env, PATH: '/nowhere:/bin/none' };
    const folder = await mkdtemp(join(tmpdir(), 'sealift-sh-'));
    await writeFile(join(folder, 'sh'), '#!/bin/sh\nexec /bin/sh "$@"\n', { mode: 0o755 });
    await expect(
      firstSigner(hsm.uri('root'), signerWorld({ env: { ...env, PATH: folder } })),
    ).rejects.toThrow(/opensc/);
  });

  test('a module that is not there is a sentence, not a crash', async () => {
    await expect(
      firstSigner('pkcs11:token=anna;object=root?module-path=/none.so', world),
    ).rejects.toThrow(/none\.so/);
  });
});

interface Seen {
  readonly argv: string;
  readonly environ: string;
  readonly coreLimits: readonly string[];
}

/** The real tool behind a script that writes down how it was called. */
async function watchedTool(
  hsm: SoftHsm,
): Promise<{ readonly folder: string; readonly seen: () => Promise<Seen> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-tool-'));
  const script = `#!/bin/sh
tr '\\0' ' ' < /proc/$$/cmdline >> ${folder}/argv
tr '\\0' '\\n' < /proc/$$/environ >> ${folder}/environ
ulimit -c >> ${folder}/core
PATH=${hsm.env['PATH'] ?? ''} exec pkcs11-tool "$@"
`;
  await writeFile(join(folder, 'pkcs11-tool'), script);
  await chmod(join(folder, 'pkcs11-tool'), 0o755);
  const text = async (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  return {
    folder,
    seen: async () => ({
      argv: await text('argv'),
      environ: await text('environ'),
      coreLimits: (await text('core')).trim().split('\n'),
    }),
  };
}
