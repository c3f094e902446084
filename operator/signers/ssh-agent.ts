import { createHash } from 'node:crypto';
import { createConnection } from 'node:net';
import type { PublicKey } from '../../shared/crypto/public-key.ts';
import { Failure } from '../failure.ts';
import { unfit } from './read-public-key.ts';
import type { RemoteKey, Scheme, SignerWorld } from './remote-key.ts';
import { bareSignature, keyOfBlob, sshReader, sshString, sshUint32 } from './ssh-wire.ts';

// draft-ietf-sshm-ssh-agent: the messages that we use.
const FAILURE = 5;
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;

/** OpenSSH's agent takes no more in one message (AGENT_MAX_LEN), and ends the connection. */
const MAX_MESSAGE_BYTES = 256 * 1_024;
/** `ssh-add -c` lets a person confirm each use. */
const TIMEOUT_MILLISECONDS = 120_000;
const MAX_KEYS = 1_000;

interface Identity {
  readonly blob: Uint8Array;
  readonly comment: string;
  readonly fingerprint: string;
}

/** `ssh-agent:SHA256:…`, `ssh-agent:COMMENT`, or `ssh-agent:` for the only fitting key there is. */
export const sshAgent: Scheme = async (address, world) => {
  const identity = chosen(address, await identities(world));
  const publicKey = keyOfBlob(identity.blob);
  if (publicKey === undefined) {
    throw unfit(`ssh-agent:${identity.fingerprint}`, 'it is neither ed25519 nor ecdsa nistp256');
  }
  return {
    publicKey: (): Promise<PublicKey> => Promise.resolve(publicKey),
    sign: async (bytes) => signWith(identity, bytes, world),
  } satisfies RemoteKey;
};

async function identities(world: SignerWorld): Promise<readonly Identity[]> {
  const answer = await ask(Buffer.of(REQUEST_IDENTITIES), IDENTITIES_ANSWER, world);
  return parsed(() => {
    const reader = sshReader(answer);
    const count = Math.min(reader.uint32(), MAX_KEYS);
    return Array.from({ length: count }, () => {
      const blob = reader.string();
      const comment = reader.string().toString('utf8');
      return { blob, comment, fingerprint: fingerprintOf(blob) };
    });
  });
}

/** Exactly one key, or a sentence that names what there is. */
function chosen(address: string, all: readonly Identity[]): Identity {
  const wanted = all.filter(({ blob, comment, fingerprint }) =>
    address === ''
      ? parsed(() => keyOfBlob(blob)) !== undefined
      : address === fingerprint || address === comment,
  );
  const [only, second] = wanted;
  if (only !== undefined && second === undefined) return only;
  const names = all.map(({ fingerprint, comment }) => `${fingerprint} (${comment})`).join(', ');
  throw new Failure(
    'signer_key_unknown',
    `the SSH agent has ${wanted.length} keys for ssh-agent:${address}; it has: ${names || 'none'}`,
  );
}

async function signWith(
  { blob }: Identity,
  bytes: Uint8Array,
  world: SignerWorld,
): Promise<Uint8Array> {
  const noFlags = sshUint32(0);
  const request = [Buffer.of(SIGN_REQUEST), sshString(blob), sshString(bytes), noFlags];
  const answer = await ask(Buffer.concat(request), SIGN_RESPONSE, world);
  return parsed(() => bareSignature(sshReader(answer).string()));
}

/** One request, one answer; its body without the type. */
async function ask(request: Buffer, expected: number, world: SignerWorld): Promise<Buffer> {
  if (request.length > MAX_MESSAGE_BYTES) {
    throw new Failure(
      'signer_limit',
      `an SSH agent takes ${MAX_MESSAGE_BYTES} bytes at once, this is ${request.length}`,
    );
  }
  const answer = await exchange(socketPath(world), sshString(request), world);
  const type = answer[0];
  if (type === expected) return answer.subarray(1);
  if (type === FAILURE) throw new Failure('signer_refused', 'the SSH agent said no');
  throw unavailable(`it answered with message ${type ?? 'nothing'}`);
}

function exchange(path: string, request: Buffer, { interrupted }: SignerWorld): Promise<Buffer> {
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]);
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path, signal });
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < 4 ? 0 : received.readUInt32BE(0);
      if (length > MAX_MESSAGE_BYTES) socket.destroy(new Error('its answer is too long'));
      else if (received.length >= 4 + length && received.length > 4) {
        resolve(received.subarray(4, 4 + length));
        socket.destroy();
      }
    });
    socket.on('error', (cause) => {
      reject(
        interrupted.aborted
          ? new Failure('interrupted', 'interrupted', { cause })
          : unavailable(cause.message, cause),
      );
    });
    socket.on('close', () => {
      reject(unavailable('it ended the connection')); // after resolve this changes nothing
    });
    socket.write(request);
  });
}

function socketPath({ env }: SignerWorld): string {
  const path = env['SSH_AUTH_SOCK'];
  if (path !== undefined && path !== '') return path;
  throw unavailable('SSH_AUTH_SOCK is not set');
}

function parsed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof RangeError) throw unavailable('its answer is malformed', cause);
    throw cause;
  }
}

function fingerprintOf(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

function unavailable(why: string, cause?: unknown): Failure {
  return new Failure('signer_unavailable', `no answer from the SSH agent: ${why}`, { cause });
}
