import { createHash, randomBytes } from 'node:crypto';
import * as noble from '@noble/ed25519';

noble.hashes.sha512 = (message) => createHash('sha512').update(message).digest();

/** A fresh private seed of 32 bytes. Whoever holds it can sign: never log it, never send it. */
export function newSeed(): Uint8Array {
  return randomBytes(32);
}

/** The public key of a seed, in lower-case hex. */
export function publicHexOf(seed: Uint8Array): string {
  return Buffer.from(noble.getPublicKey(seed)).toString('hex');
}

/** A 64-byte Ed25519 signature (RFC 8032, pure) over exactly `message`. */
export function signEd25519(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return noble.sign(message, seed);
}

/**
 * Whether `signature` over `message` was made by the holder of `publicHex`.
 *
 * Strict RFC 8032: noble's default (ZIP-215) lets a small-order key "sign" any message. And stricter:
 * noble multiplies the equation by the cofactor and the platform does not, so they would differ over
 * an R outside the group of the base point, which no honest signer makes.
 */
export function verifyEd25519(
  publicHex: string,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== 64) return false;
  const publicKey = Buffer.from(publicHex, 'hex');
  return (
    noble.verify(signature, message, publicKey, { zip215: false }) &&
    noble.Point.fromBytes(signature.slice(0, 32)).isTorsionFree()
  );
}

/** Judging a key costs as much as half a verification, and metadata names the same few again and again. */
const REMEMBERED_KEYS = 1_024;
const judged = new Map<string, boolean>();

/**
 * Whether the hex names a point under which signatures mean something: in the group of the base
 * point, as every key is that was made from a secret. Small-order points are not, nor mixed ones.
 */
export function isUsableEd25519Key(publicHex: string): boolean {
  const known = judged.get(publicHex);
  if (known !== undefined) return known;
  if (judged.size >= REMEMBERED_KEYS) judged.clear(); // bounded, whoever sends us keys
  const verdict = isInGroup(publicHex);
  judged.set(publicHex, verdict);
  return verdict;
}

function isInGroup(publicHex: string): boolean {
  try {
    const point = noble.Point.fromHex(publicHex);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false; // not a point: a key like this could never have signed anything
  }
}
