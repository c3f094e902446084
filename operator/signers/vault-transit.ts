import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { PublicKey } from '../../shared/crypto/public-key.ts';
import { Failure } from '../failure.ts';
import { rawEd25519Key, readPublicKey, unfit } from './read-public-key.ts';
import type { RemoteKey, Scheme, SignerWorld } from './remote-key.ts';
import { askService, serviceUrl } from './service.ts';
import { invalidUri } from './signer-uri.ts';

const SERVICE = 'Vault';
const DEFAULT_MOUNT = 'transit';

const KeyAnswer = z.looseObject({
  data: z.looseObject({
    type: z.string(),
    latest_version: z.int(),
    keys: z.record(z.string(), z.looseObject({ public_key: z.optional(z.string()) })),
  }),
});
const SignAnswer = z.looseObject({
  data: z.looseObject({ signature: z.string().check(z.regex(/^vault:v\d+:[A-Za-z0-9+/=]+$/)) }),
});

interface Address {
  readonly mount: string;
  readonly key: string;
  readonly version: number | undefined;
}

/** `vault:KEY`, `vault:MOUNT/KEY`, `vault:KEY?version=2`: the transit engine of Vault or OpenBao. */
export const vaultTransit: Scheme = async (text, world) => {
  const address = parseAddress(text);
  const { mount, key } = address;
  const call = vaultCall(world);
  const { data } = await call('GET', `${mount}/keys/${key}`, undefined, KeyAnswer);
  const version = address.version ?? data.latest_version;
  const publicKey = keyOf(text, data.type, data.keys[String(version)]?.public_key);
  return {
    publicKey: (): Promise<PublicKey> => Promise.resolve(publicKey),
    sign: async (bytes) => {
      const body = JSON.stringify({ ...messageFor(publicKey, bytes), key_version: version });
      const answer = await call('POST', `${mount}/sign/${key}`, body, SignAnswer);
      return Buffer.from(answer.data.signature.split(':')[2] ?? '', 'base64');
    },
  } satisfies RemoteKey;
};

function parseAddress(text: string): Address {
  const match = /^(?:([\w./-]+)\/)?([\w.-]+)(?:\?version=(\d{1,9}))?$/.exec(text);
  const [, mount = DEFAULT_MOUNT, key = '', version] = match ?? [];
  // A segment of dots would lead the request out of its engine.
  const leadsOut = [...mount.split('/'), key].some((part) => /^\.*$/.test(part));
  if (match === null || leadsOut) {
    throw invalidUri(`vault:${text}`, 'it must be KEY or MOUNT/KEY, and ?version=N if you like');
  }
  return { mount, key, version: version === undefined ? undefined : Number(version) };
}

function keyOf(text: string, type: string, publicKey: string | undefined): PublicKey {
  const from = `vault:${text}`;
  if (publicKey === undefined) {
    throw new Failure('signer_key_unknown', `${from} has no public key of this version`);
  }
  if (type === 'ed25519') return rawEd25519Key(from, Buffer.from(publicKey, 'base64'));
  if (type === 'ecdsa-p256') return readPublicKey(from, publicKey);
  throw unfit(from, type);
}

function messageFor({ keytype }: PublicKey, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (keytype === 'ed25519') return { input: Buffer.from(bytes).toString('base64') };
  return {
    input: createHash('sha256').update(bytes).digest('base64'),
    prehashed: true,
    hash_algorithm: 'sha2-256',
    marshaling_algorithm: 'asn1', // DER
  };
}

function vaultCall(world: SignerWorld) {
  const { VAULT_ADDR: address, VAULT_TOKEN: token, VAULT_NAMESPACE: namespace } = world.env;
  if (address === undefined || token === undefined) {
    throw new Failure('signer_login_missing', 'set VAULT_ADDR and VAULT_TOKEN');
  }
  const base = serviceUrl(SERVICE, address);
  return async <T extends z.core.$ZodType>(
    method: 'GET' | 'POST',
    path: string,
    body: string | undefined,
    schema: T,
  ): Promise<z.output<T>> => {
    const headers = {
      'x-vault-token': token,
      'x-vault-request': 'true',
      ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const url = new URL(`/v1/${path}`, base);
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
