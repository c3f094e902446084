import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { PublicKey } from '../../shared/crypto/public-key.ts';
import { Failure } from '../failure.ts';
import { readPublicKey } from './read-public-key.ts';
import type { RemoteKey, Scheme, SignerWorld } from './remote-key.ts';
import { askService, serviceUrl } from './service.ts';
import { invalidUri } from './signer-uri.ts';

const SERVICE = 'Google Cloud KMS';
const DEFAULT_ADDRESS = 'https://cloudkms.googleapis.com/';
/** AsymmetricSign takes at most 64 KiB of raw data. */
const MAX_RAW_BYTES = 65_536;
/** The version is part of the name: another version is another key. */
const VERSION_NAME =
  /^projects\/[\w:.-]+\/locations\/[\w-]+\/keyRings\/[\w-]+\/cryptoKeys\/[\w-]+\/cryptoKeyVersions\/\d+$/;

const PublicKeyAnswer = z.looseObject({ pem: z.string() });
const SignAnswer = z.looseObject({ signature: z.base64() });
const TokenAnswer = z.looseObject({ access_token: z.string().check(z.minLength(1)) });

/** `gcpkms:projects/…/cryptoKeyVersions/N`: one version of a key. */
export const gcpKms: Scheme = async (name, world) => {
  if (!VERSION_NAME.test(name)) {
    throw invalidUri(
      `gcpkms:${name}`,
      'it must be projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N',
    );
  }
  const call = kmsCall(name, await accessToken(world), world);
  const { pem } = await call('GET', '/publicKey', undefined, PublicKeyAnswer);
  const publicKey = readPublicKey(`gcpkms:${name}`, pem);
  return {
    publicKey: (): Promise<PublicKey> => Promise.resolve(publicKey),
    sign: async (bytes) => {
      const body = JSON.stringify(messageFor(publicKey, bytes));
      const { signature } = await call('POST', ':asymmetricSign', body, SignAnswer);
      return Buffer.from(signature, 'base64');
    },
  } satisfies RemoteKey;
};

function messageFor({ keytype }: PublicKey, bytes: Uint8Array): unknown {
  if (keytype !== 'ed25519') {
    return { digest: { sha256: createHash('sha256').update(bytes).digest('base64') } };
  }
  if (bytes.length > MAX_RAW_BYTES) {
    throw new Failure(
      'signer_limit',
      `${SERVICE} signs ${MAX_RAW_BYTES} bytes with an Ed25519 key, this is ${bytes.length}`,
    );
  }
  return { data: Buffer.from(bytes).toString('base64') };
}

function kmsCall(name: string, token: string, world: SignerWorld) {
  const base = world.env['CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS'] ?? DEFAULT_ADDRESS;
  const address = serviceUrl(SERVICE, base);
  return async <T extends z.core.$ZodType>(
    method: 'GET' | 'POST',
    suffix: '/publicKey' | ':asymmetricSign',
    body: string | undefined,
    schema: T,
  ): Promise<z.output<T>> => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const url = new URL(`/v1/${name}${suffix}`, address);
    return askService(
      {
        service: SERVICE,
        url,
        method,
        headers,
        secrets: [token],
        ...(body !== undefined && { body }),
      },
      schema,
      world,
    );
  };
}

/** A token that was given (`gcloud auth print-access-token`), or that of the machine we run on. */
async function accessToken(world: SignerWorld): Promise<string> {
  const given = world.env['CLOUDSDK_AUTH_ACCESS_TOKEN'] ?? world.env['GOOGLE_OAUTH_ACCESS_TOKEN'];
  if (given !== undefined && given !== '') return given;
  const host = world.env['GCE_METADATA_HOST'];
  if (host === undefined || host === '') {
    throw new Failure(
      'signer_login_missing',
      'set CLOUDSDK_AUTH_ACCESS_TOKEN, or GCE_METADATA_HOST=metadata.google.internal on a machine of theirs',
    );
  }
  // Plain HTTP by design: the metadata server is the machine's own, and gives rather than takes.
  const url = new URL(`http://${host}/computeMetadata/v1/instance/service-accounts/default/token`);
  const answer = await askService(
    {
      service: 'the metadata server',
      url,
      method: 'GET',
      headers: { 'metadata-flavor': 'Google' },
      secrets: [],
    },
    TokenAnswer,
    world,
  );
  return answer.access_token;
}
