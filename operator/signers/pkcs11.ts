import { createHash } from 'node:crypto';
import type { PublicKey } from '../../shared/crypto/public-key.ts';
import { Failure } from '../failure.ts';
import { readNamed } from '../workspace/read-file.ts';
import {
  parseKeys,
  parseSlots,
  pkcs11Tool,
  type Pkcs11Tool,
  type TokenKey,
  type TokenSlot,
} from './pkcs11-tool.ts';
import { parsePkcs11Uri, TOKEN_ATTRIBUTES, type Pkcs11Uri } from './pkcs11-uri.ts';
import { readPublicKey } from './read-public-key.ts';
import type { RemoteKey, Scheme, SignerWorld } from './remote-key.ts';
import { invalidUri } from './signer-uri.ts';

/** pkcs11-tool signs with Ed25519 only what fits one buffer of it; of P-256 it gets the digest. */
const MAX_ED25519_BYTES = 1_024;
const MAX_PIN_BYTES = 1_024;

interface Found {
  readonly tool: Pkcs11Tool;
  readonly slot: string;
  readonly id: string;
}

/** `pkcs11:token=…;object=…?module-path=…` (RFC 7512): a smart card, a YubiKey, an HSM. */
export const pkcs11Token: Scheme = async (address, world) => {
  const uri = parsePkcs11Uri(address);
  const found = await find(address, uri, pkcs11Tool(modulePath(address, uri, world), world));
  const publicKey = await readKey(address, found);
  const pin = await pinOf(uri, address, world);
  return {
    publicKey: (): Promise<PublicKey> => Promise.resolve(publicKey),
    sign: async (bytes) => signOn(found, publicKey, bytes, pin),
  } satisfies RemoteKey;
};

async function find(address: string, uri: Pkcs11Uri, tool: Pkcs11Tool): Promise<Found> {
  const slots = parseSlots(textOf(await tool.run(['--list-token-slots'])));
  const { slot } = theOne(
    slots.filter((each) => isMeant(each, uri)),
    `tokens for pkcs11:${address}; there are`,
    slots.map(({ says }) => `${says.token} (serial ${says.serial})`),
  );
  const listing = await tool.run(['--slot', slot, '--list-objects', '--type', 'pubkey']);
  const keys = parseKeys(textOf(listing));
  const key = theOne(
    keys.filter((each) => isWanted(each, uri)),
    `public keys for pkcs11:${address}; the token has`,
    keys.map(({ label, id }) => `object=${label} (id ${id || 'none'})`),
  );
  if (key.id === '') {
    throw new Failure('signer_key_unknown', `the key ${key.label} has no id: give it one`);
  }
  return { tool, slot, id: key.id };
}

function isMeant({ slot, says }: TokenSlot, { token, slotId }: Pkcs11Uri): boolean {
  if (slotId !== undefined && BigInt(slotId) !== BigInt(slot)) return false;
  return TOKEN_ATTRIBUTES.every((name) => token[name] === undefined || token[name] === says[name]);
}

function isWanted({ label, id }: TokenKey, uri: Pkcs11Uri): boolean {
  return (
    (uri.object === undefined || uri.object === label) && (uri.id === undefined || uri.id === id)
  );
}

function theOne<T>(candidates: readonly T[], what: string, all: readonly string[]): T {
  const [only, second] = candidates;
  if (only !== undefined && second === undefined) return only;
  const names = all.length === 0 ? 'none' : all.join(', ');
  throw new Failure('signer_key_unknown', `there are ${candidates.length} ${what}: ${names}`);
}

async function readKey(address: string, { tool, slot, id }: Found): Promise<PublicKey> {
  const args = ['--slot', slot, '--read-object', '--type', 'pubkey', '--id', id];
  const spki = Buffer.from(await tool.run(args));
  const isPem = spki.subarray(0, 5).toString('latin1') === '-----';
  return readPublicKey(`pkcs11:${address}`, isPem ? spki.toString('latin1') : spki);
}

async function signOn(
  { tool, slot, id }: Found,
  { keytype }: PublicKey,
  bytes: Uint8Array,
  pin: string,
): Promise<Uint8Array> {
  const sign = ['--slot', slot, '--id', id, '--sign'];
  if (keytype !== 'ed25519') {
    const input = createHash('sha256').update(bytes).digest();
    return tool.run([...sign, '--mechanism', 'ECDSA', '--signature-format', 'openssl'], {
      pin,
      input,
    });
  }
  if (bytes.length > MAX_ED25519_BYTES) {
    throw new Failure(
      'signer_limit',
      `pkcs11-tool signs ${MAX_ED25519_BYTES} bytes with an Ed25519 key, this is ${bytes.length}`,
    );
  }
  return tool.run([...sign, '--mechanism', 'EDDSA'], { pin, input: bytes });
}

function modulePath(address: string, uri: Pkcs11Uri, { env }: SignerWorld): string {
  const path = uri.modulePath ?? env['SEALIFT_PKCS11_MODULE'];
  if (path !== undefined) return path;
  throw invalidUri(`pkcs11:${address}`, 'add ?module-path=… or set SEALIFT_PKCS11_MODULE');
}

/** From `pin-source`, from the environment, or from a person; never from the URI itself. */
async function pinOf(uri: Pkcs11Uri, address: string, world: SignerWorld): Promise<string> {
  if (uri.pinSource !== undefined) {
    const path = uri.pinSource.replace(/^file:(\/\/)?/, '');
    return textOf(await readNamed(path, MAX_PIN_BYTES)).trimEnd();
  }
  const fromEnv = world.env['SEALIFT_PKCS11_PIN'];
  if (fromEnv !== undefined) return fromEnv;
  if (world.askSecret === undefined) {
    throw new Failure('no_pin', `nobody is there to type the PIN of pkcs11:${address}`);
  }
  return world.askSecret(`PIN of ${uri.token.token ?? uri.object ?? 'the token'}:`);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
