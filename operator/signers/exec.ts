import { isAbsolute } from 'node:path';
import { Failure } from '../failure.ts';
import { lastWords, runChild, type ChildEnd } from './child.ts';
import { readPublicKey } from './read-public-key.ts';
import type { RemoteKey, Scheme, SignerWorld } from './remote-key.ts';
import { invalidUri, percentDecoded } from './signer-uri.ts';

/** A person may have to approve or touch something. */
const TIMEOUT_MILLISECONDS = 120_000;
const MAX_OUTPUT_BYTES = 16_384;

/**
 * Any program that keeps a key. `exec:PROGRAM ARGUMENT…` is run, without a shell, in two ways:
 *
 * - `PROGRAM ARGUMENT… public-key` writes the public key to stdout, SPKI in PEM;
 * - `PROGRAM ARGUMENT… sign` reads from stdin what is to be signed, to its end, and writes the bare
 *   signature to stdout: 64 bytes for Ed25519, DER for ECDSA P-256 with SHA-256.
 *
 * It ends with 0 when it did; anything else means no, with the reason on stderr.
 */
export const execProgram: Scheme = (address, world) => {
  const [command, ...args] = address.split(' ').filter(Boolean).map(percentDecoded);
  if (command === undefined) {
    throw invalidUri('exec:', 'a program is missing, as in exec:/usr/local/bin/sign-with-our-hsm');
  }
  if (command.includes('/') && !isAbsolute(command)) {
    throw invalidUri(
      `exec:${address}`,
      'it would be another program in another folder: name it whole',
    );
  }
  const run = async (verb: 'public-key' | 'sign', input?: Uint8Array): Promise<Uint8Array> =>
    runProgram([command, ...args, verb], input, world);
  return Promise.resolve<RemoteKey>({
    publicKey: async () =>
      readPublicKey(command, Buffer.from(await run('public-key')).toString('utf8')),
    sign: async (bytes) => run('sign', bytes),
  });
};

async function runProgram(
  [command = '', ...args]: readonly string[],
  input: Uint8Array | undefined,
  world: SignerWorld,
): Promise<Uint8Array> {
  const call = {
    name: command,
    command,
    args,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    ...(input !== undefined && { input }),
  };
  const end = await runChild(call, world);
  if (end.exitCode === 0) return end.stdout;
  throw refused(command, end);
}

function refused(command: string, end: ChildEnd): Failure {
  // As shells say it: 126 cannot be run, 127 is not there.
  const isMissing = end.exitCode === 126 || end.exitCode === 127;
  return new Failure(
    isMissing ? 'signer_unavailable' : 'signer_refused',
    `${command} did not sign, ${lastWords(end)}`,
  );
}
