import { ed25519Key, PublicKeySchema, type PublicKey } from '../../shared/crypto/public-key.ts';
import { ecdsaDer } from './ecdsa-der.ts';
import { readPublicKey } from './read-public-key.ts';

// The binary forms of SSH that we need: RFC 4251 5 (strings), RFC 5656 3.1 and RFC 8709 4 (keys).

/** Key types of SSH that can sign for TUF. The `sk-` ones sign something else than what we give. */
const ED25519 = 'ssh-ed25519';
const P256 = 'ecdsa-sha2-nistp256';

// RFC 5480: the fixed DER before an uncompressed point of P-256.
const P256_SPKI_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

/** Reads one SSH message from its start to its end. Throws RangeError when it is cut. */
export interface SshReader {
  readonly uint32: () => number;
  readonly string: () => Buffer;
}

/** A reader at the start of `bytes`. */
export function sshReader(bytes: Uint8Array): SshReader {
  const buffer = Buffer.from(bytes);
  let at = 0;
  const uint32 = (): number => {
    const value = buffer.readUInt32BE(at);
    at += 4;
    return value;
  };
  const string = (): Buffer => {
    const length = uint32();
    if (length > buffer.length - at) throw new RangeError('an SSH string is longer than the rest');
    at += length;
    return buffer.subarray(at - length, at);
  };
  return { uint32, string };
}

/** A whole number of 32 bits. */
export function sshUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Bytes with their length before them. */
export function sshString(bytes: Uint8Array): Buffer {
  return Buffer.concat([sshUint32(bytes.length), bytes]);
}

/** The TUF form of an SSH public key, or undefined for a kind that cannot sign for us. */
export function keyOfBlob(blob: Uint8Array): PublicKey | undefined {
  const reader = sshReader(blob);
  const type = reader.string().toString('latin1');
  if (type === ED25519) {
    const key = PublicKeySchema.safeParse(ed25519Key(reader.string().toString('hex')));
    return key.success ? key.data : undefined;
  }
  if (type !== P256) return undefined;
  reader.string(); // the name of the curve, once more
  return readPublicKey('ssh-agent', Buffer.concat([P256_SPKI_PREFIX, reader.string()]));
}

/** The bare signature in an SSH signature blob: 64 bytes, or DER made of RFC 5656's two numbers. */
export function bareSignature(blob: Uint8Array): Uint8Array {
  const reader = sshReader(blob);
  const type = reader.string().toString('latin1');
  const signature = reader.string();
  if (type !== P256) return signature;
  const numbers = sshReader(signature);
  const r = numbers.string();
  return ecdsaDer(r, numbers.string());
}
