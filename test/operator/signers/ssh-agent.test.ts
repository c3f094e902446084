import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { firstSigner, openSigner } from '../../../operator/signers/open-signer.ts';
import type { SignerWorld } from '../../../operator/signers/remote-key.ts';
import { sshString, sshUint32 } from '../../../operator/signers/ssh-wire.ts';
import { isSignedBy } from '../../../shared/crypto/is-signed-by.ts';
import { serviceKey, signerWorld, MESSAGE } from './signer-world.ts';
import { describeWith } from './tools.ts';

const run = promisify(execFile);
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describeWith(['ssh-agent', 'ssh-add', 'ssh-keygen'], "OpenSSH's agent", () => {
  let folder: string;
  let env: Record<string, string>;
  let agentPid: string;
  let world: SignerWorld;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealift-agent-'));
    const { stdout } = await run('ssh-agent', ['-s', '-a', join(folder, 'socket')]);
    agentPid = /SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1] ?? '';
    env = { PATH: process.env['PATH'] ?? '', SSH_AUTH_SOCK: join(folder, 'socket') };
    world = signerWorld({ env });
    await addKey('anna@laptop', '-t', 'ed25519');
    await addKey('anna@token', '-t', 'ecdsa', '-b', '256');
    await addKey('old rsa', '-t', 'rsa', '-b', '2048');
  });
  afterAll(() => {
    process.kill(Number(agentPid));
  });

  async function addKey(comment: string, ...kind: readonly string[]): Promise<string> {
    const path = join(folder, comment);
    await run('ssh-keygen', ['-q', ...kind, '-N', '', '-C', comment, '-f', path]);
    await run('ssh-add', ['-q', path], { env });
    const { stdout } = await run('ssh-keygen', ['-l', '-f', path]);
    return stdout.split(' ')[1] ?? '';
  }

  test.each([
    ['an Ed25519 key', 'anna@laptop', 'ed25519'],
    ['a P-256 key', 'anna@token', 'ecdsa-sha2-nistp256'],
  ])('%s signs as much as a role holds', async (_, comment, scheme) => {
    const signer = await firstSigner(`ssh-agent:${comment}`, world);

    expect(signer.publicKey.scheme).toBe(scheme);
    // Often enough that numbers of P-256 with a leading zero or one come up.
    for (let i = 0; i < 40; i += 1) {
      const message = Buffer.concat([MESSAGE, Buffer.of(i)]);
      const signature = await signer.sign(message);
      expect(isSignedBy(signer.publicKey, message, signature)).toBe(true);
    }
  });

  test('a key is found by the fingerprint that ssh-add prints', async () => {
    const fingerprint = await addKey('by fingerprint', '-t', 'ed25519');
    expect(fingerprint).toMatch(/^SHA256:/);
    const signer = await firstSigner(`ssh-agent:${fingerprint}`, world);
    expect(await openSigner('ssh-agent:by fingerprint', signer.publicKey, world)).toMatchObject({
      keyId: signer.keyId,
    });
  });

  test('one of several keys must be named, and the sentence names them', async () => {
    await expect(firstSigner('ssh-agent:', world)).rejects.toThrow(/anna@laptop.*anna@token/);
    await expect(firstSigner('ssh-agent:nobody', world)).rejects.toThrow(
      code('signer_key_unknown'),
    );
  });

  test('a key of another kind is refused', async () => {
    await expect(firstSigner('ssh-agent:old rsa', world)).rejects.toThrow(code('signer_key_unfit'));
  });

  test('more than an agent takes at once is refused before it is sent', async () => {
    const signer = await firstSigner('ssh-agent:anna@laptop', world);
    await expect(signer.sign(Buffer.alloc(262_144))).rejects.toThrow(code('signer_limit'));
    const fits = Buffer.alloc(261_000);
    expect(isSignedBy(signer.publicKey, fits, await signer.sign(fits))).toBe(true);
  });
});

describe('an agent that cannot be relied on', () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    closers.splice(0).forEach((close) => {
      close();
    });
  });

  /** An agent that answers each message type with these bytes. */
  async function agentWith(answers: Readonly<Record<number, Buffer>>): Promise<SignerWorld> {
    const path = join(await mkdtemp(join(tmpdir(), 'sealift-fake-agent-')), 'socket');
    const server = createServer((socket) => {
      socket.once('data', (request) => socket.end(answers[request[4] ?? 0] ?? Buffer.of()));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    closers.push(() => server.close());
    return signerWorld({ env: { SSH_AUTH_SOCK: path } });
  }

  const message = (type: number, ...parts: readonly Buffer[]): Buffer =>
    sshString(Buffer.concat([Buffer.of(type), ...parts]));
  const key = serviceKey('ed25519');
  const type = sshString(Buffer.from('ssh-ed25519'));
  const blob = Buffer.concat([type, sshString(key.der.subarray(-32))]);
  const oneKey = message(12, sshUint32(1), sshString(blob), sshString(Buffer.from('c')));
  const signature = (bytes: Uint8Array): Buffer =>
    message(14, sshString(Buffer.concat([type, sshString(bytes)])));
  const bytes = Buffer.from('a message');

  test('is believed when its signature verifies', async () => {
    const world = await agentWith({ 11: oneKey, 13: signature(key.sign(bytes)) });
    const signer = await firstSigner('ssh-agent:', world);
    expect(isSignedBy(signer.publicKey, bytes, await signer.sign(bytes))).toBe(true);
  });

  test.each([
    ['signs something else', signature(key.sign(Buffer.from('another'))), 'signature_wrong'],
    ['says no', message(5), 'signer_refused'],
    ['ends the connection', Buffer.of(), 'signer_unavailable'],
    ['answers the wrong question', oneKey, 'signer_unavailable'],
    ['cuts its answer', message(14, sshUint32(500)), 'signer_unavailable'],
    ['announces a gigabyte', sshUint32(2 ** 30), 'signer_unavailable'],
  ])('that %s does not sign', async (_, answer, expected) => {
    const signer = await firstSigner('ssh-agent:', await agentWith({ 11: oneKey, 13: answer }));
    await expect(signer.sign(bytes)).rejects.toThrow(code(expected));
  });

  test('that says it has more keys than it lists is malformed', async () => {
    const world = await agentWith({ 11: message(12, sshUint32(2 ** 31), sshString(blob)) });
    await expect(firstSigner('ssh-agent:', world)).rejects.toThrow(code('signer_unavailable'));
  });

  test('that does not run, or is not named, is a sentence', async () => {
    const gone = signerWorld({ env: { SSH_AUTH_SOCK: '/nowhere/socket' } });
    await expect(firstSigner('ssh-agent:', gone)).rejects.toThrow(/ENOENT/);
    await expect(firstSigner('ssh-agent:', signerWorld())).rejects.toThrow(/SSH_AUTH_SOCK/);
  });
});
