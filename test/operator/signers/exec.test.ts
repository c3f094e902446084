import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { runChild, type ChildCall } from '../../../operator/signers/child.ts';
import { firstSigner } from '../../../operator/signers/open-signer.ts';
import { isSignedBy } from '../../../shared/crypto/is-signed-by.ts';
import { MESSAGE, signerWorld } from './signer-world.ts';
import { describeWith } from './tools.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift exec-'));
});

/** A program that anybody could write; answers its URI. */
async function program(name: string, ...lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
  return `exec:${path.replaceAll(' ', '%20')}`;
}

describeWith(['openssl'], 'a program around openssl', () => {
  /** The whole of what our convention asks of somebody's program. */
  const SIGN_WITH_OPENSSL = [
    'case "$2" in',
    '  public-key) exec openssl pkey -in "$1" -pubout ;;',
    '  sign) exec openssl dgst -sha256 -sign "$1" ;;',
    '  *) echo "unknown: $2" >&2; exit 2 ;;',
    'esac',
  ];

  test('signs as much as a role holds', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const path = join(folder, 'key.pem');
    await writeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const uri = await program('sign with openssl', ...SIGN_WITH_OPENSSL);

    const signer = await firstSigner(`${uri} ${path.replaceAll(' ', '%20')}`, signerWorld());
    expect(isSignedBy(signer.publicKey, MESSAGE, await signer.sign(MESSAGE))).toBe(true);
  });
});

describe('a program', () => {
  const { publicKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const shows = (rest: string): string =>
    `if [ "$1" = public-key ]; then printf '%s' '${pem}'; else ${rest}; fi`;

  test('whose signature does not verify is not believed', async () => {
    const uri = await program('liar', shows('head -c 64 /dev/zero'));
    const signer = await firstSigner(uri, signerWorld());
    await expect(signer.sign(MESSAGE)).rejects.toThrow(code('signature_wrong'));
  });

  test('that says no is quoted with its last line', async () => {
    const uri = await program('no', shows('echo one >&2; echo "not today" >&2; exit 3'));
    const signer = await firstSigner(uri, signerWorld());
    const refused = await Promise.resolve(signer.sign(MESSAGE)).catch((error: unknown) => error);
    expect(refused).toEqual(code('signer_refused'));
    expect(String(refused)).toMatch(/exit code 3: not today$/);
  });

  test('that shows a private key, or no key, is refused without repeating it', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const secret = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const text of [secret, 'hello']) {
      const uri = await program('shows', `printf '%s' '${text}'`);
      const refused = await firstSigner(uri, signerWorld()).catch((error: unknown) => error);
      expect(refused).toEqual(code('signer_key_unfit'));
      expect(String(refused)).not.toContain(text.split('\n')[1] ?? text);
    }
  });

  test('that is not there, or is none, is unavailable', async () => {
    await expect(firstSigner('exec:/no/such/program', signerWorld())).rejects.toThrow(
      code('signer_unavailable'),
    );
    await expect(firstSigner('exec:./program', signerWorld())).rejects.toThrow(
      code('signer_uri_invalid'),
    );
    await expect(firstSigner('exec: ', signerWorld())).rejects.toThrow(code('signer_uri_invalid'));
  });

  test('gets its words as they are: nothing of the URI is read by a shell', async () => {
    const seen = join(folder, 'words');
    const uri = await program('words', `printf '%s\\n' "$@" > '${seen}'`);
    await firstSigner(`${uri} $(id) ;rm a%20b`, signerWorld()).catch(() => undefined);
    expect(await readFile(seen, 'utf8')).toBe('$(id)\n;rm\na b\npublic-key\n');
  });

  test('gets neither passphrase nor token, and leaves no core', async () => {
    const seen = join(folder, 'environment');
    const uri = await program('env', `{ env; echo "core=$(ulimit -c)"; } > '${seen}'`);
    const env = {
      PATH: process.env['PATH'],
      AWS_PROFILE: 'ota',
      SEALIFT_PASSPHRASE: 'a passphrase of key files',
      SEALIFT_TOKEN: 'slo_token',
      SEALIFT_PKCS11_PIN: '4711',
    };
    await firstSigner(uri, signerWorld({ env })).catch(() => undefined);
    const text = await readFile(seen, 'utf8');
    expect(text).toContain('AWS_PROFILE=ota');
    expect(text).toContain('core=0');
    expect(text).not.toMatch(/SEALIFT_|a passphrase of key files|slo_token|4711/);
  });
});

describe('a child', () => {
  const call = (script: string, changes: Partial<ChildCall> = {}): ChildCall => ({
    name: 'the child',
    command: '/bin/sh',
    args: ['-c', script],
    timeoutMilliseconds: 20_000,
    maxOutputBytes: 100,
    ...changes,
  });

  test('that is too slow is ended', async () => {
    const pidFile = join(folder, 'pid');
    const slow = call(`echo $$ > '${pidFile}'; exec sleep 600`, { timeoutMilliseconds: 1_500 });
    await expect(runChild(slow, signerWorld())).rejects.toThrow(/longer than 1.5 s/);
    const pid = Number(await readFile(pidFile, 'utf8'));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test('that writes without end is ended', async () => {
    await expect(runChild(call('exec yes'), signerWorld())).rejects.toThrow(
      /wrote more than 100 bytes/,
    );
    const { stdout } = await runChild(call('head -c 100 /dev/zero'), signerWorld());
    expect(stdout).toHaveLength(100);
  });

  test('that complains without end is heard to the end, and quoted in part', async () => {
    const { stderr, exitCode } = await runChild(
      call('head -c 1000000 /dev/zero >&2; exit 4'),
      signerWorld(),
    );
    expect({ length: stderr.length, exitCode }).toEqual({ length: 4_096, exitCode: 4 });
  });

  test('that does not read what it is given may end as it likes', async () => {
    const input = Buffer.alloc(1_000_000);
    const { exitCode } = await runChild(call('exit 0', { input }), signerWorld());
    expect(exitCode).toBe(0);
  });

  test('ends with Ctrl-C, which is an interruption', async () => {
    const ctrlC = new AbortController();
    const running = runChild(call('sleep 600'), signerWorld({ interrupted: ctrlC.signal }));
    ctrlC.abort();
    await expect(running).rejects.toThrow(code('interrupted'));
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
