import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { PublicKey } from '../../shared/crypto/public-key.ts';
import { Failure } from '../failure.ts';
import { signedHeaders, type AwsCredentials } from './aws-sigv4.ts';
import { readPublicKey } from './read-public-key.ts';
import type { RemoteKey, Scheme, SignerWorld } from './remote-key.ts';
import { askService, serviceUrl } from './service.ts';
import { invalidUri } from './signer-uri.ts';

const SERVICE = 'AWS KMS';
/** Sign, MessageType RAW: "messages up to 4096 bytes". Ed25519 cannot be given a digest. */
const MAX_RAW_BYTES = 4_096;

const base64 = z.pipe(
  z.base64(),
  z.transform((text): Uint8Array => Buffer.from(text, 'base64')),
);
const GetPublicKeyAnswer = z.looseObject({ PublicKey: base64 });
const SignAnswer = z.looseObject({ Signature: base64 });

/** `awskms:KEY`: a key id, its ARN, or `alias/NAME`. Asks with the usual AWS_ variables. */
export const awsKms: Scheme = (keyId, world) => {
  if (!/^[\w:/-]{1,2048}$/.test(keyId)) {
    throw invalidUri(`awskms:${keyId}`, 'a key id, an ARN or alias/NAME must follow');
  }
  const call = kmsCall(keyId, world);
  let algorithm: Promise<PublicKey> | undefined;
  const publicKey = async (): Promise<PublicKey> => {
    algorithm ??= call('GetPublicKey', { KeyId: keyId }, GetPublicKeyAnswer).then((answer) =>
      readPublicKey(`awskms:${keyId}`, answer.PublicKey),
    );
    return algorithm;
  };
  return Promise.resolve<RemoteKey>({
    publicKey,
    sign: async (bytes) => {
      const message = messageFor(await publicKey(), bytes);
      return (await call('Sign', { KeyId: keyId, ...message }, SignAnswer)).Signature;
    },
  });
};

function messageFor({ keytype }: PublicKey, bytes: Uint8Array): Readonly<Record<string, string>> {
  if (keytype !== 'ed25519') {
    const digest = createHash('sha256').update(bytes).digest('base64');
    return { Message: digest, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' };
  }
  if (bytes.length > MAX_RAW_BYTES) {
    throw new Failure(
      'signer_limit',
      `${SERVICE} signs ${MAX_RAW_BYTES} bytes with an Ed25519 key, this is ${bytes.length}`,
    );
  }
  return {
    Message: Buffer.from(bytes).toString('base64'),
    MessageType: 'RAW',
    SigningAlgorithm: 'ED25519_SHA_512',
  };
}

/** One operation of KMS: JSON 1.1 over POST. */
function kmsCall(keyId: string, world: SignerWorld) {
  const credentials = credentialsOf(world);
  const region = regionOf(keyId, world);
  const url = serviceUrl(
    SERVICE,
    world.env['AWS_ENDPOINT_URL_KMS'] ??
      world.env['AWS_ENDPOINT_URL'] ??
      `https://kms.${region}.amazonaws.com/`,
  );
  return async <T extends z.core.$ZodType>(
    operation: 'GetPublicKey' | 'Sign',
    input: Readonly<Record<string, string>>,
    schema: T,
  ): Promise<z.output<T>> => {
    const body = JSON.stringify(input);
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `TrentService.${operation}`,
    };
    const request = { host: url.host, region, service: 'kms', headers, body };
    const signed = signedHeaders(request, credentials, world.now());
    const { secretAccessKey, sessionToken = '' } = credentials;
    const secrets = [secretAccessKey, sessionToken];
    return askService(
      { service: SERVICE, url, method: 'POST', headers: signed, body, secrets },
      schema,
      world,
    );
  };
}

function regionOf(keyId: string, { env }: SignerWorld): string {
  const fromArn = /^arn:[\w-]+:kms:([a-z0-9-]+):/.exec(keyId)?.[1];
  const region = fromArn ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  if (region !== undefined && /^[a-z0-9-]+$/.test(region)) return region;
  throw new Failure('signer_login_missing', `name the region of ${keyId}: set AWS_REGION`);
}

function credentialsOf({ env }: SignerWorld): AwsCredentials {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] };
  }
  throw new Failure(
    'signer_login_missing',
    'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN when there is one)',
  );
}
