import * as z from 'zod/mini';
import { isSignedBy } from './crypto/is-signed-by.ts';
import { keyIdOf, keyMaterial, type PublicKey } from './crypto/public-key.ts';
import type { Signer } from './crypto/signer.ts';

const base64 = z.string().check(z.regex(/^[A-Za-z0-9+/]*={0,2}$/));

/** A DSSE v1 envelope: exact payload bytes, and any number of signatures over them. */
export const DsseSchema = z.looseObject({
  payloadType: z.string().check(z.minLength(1), z.maxLength(256)),
  payload: base64,
  signatures: z
    .array(z.looseObject({ keyid: z.optional(z.string().check(z.maxLength(256))), sig: base64 }))
    .check(z.minLength(1), z.maxLength(16)),
});
export type Dsse = Readonly<z.infer<typeof DsseSchema>>;

/** DSSE v1 PAE: the type is signed with the payload, so one can never be read as the other. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, 'utf8');
  const head = `DSSEv1 ${type.length} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head, 'utf8'), payload]);
}

/** An envelope signed by each signer, over exactly these bytes. */
export async function signDsse(
  payloadType: string,
  payload: Uint8Array,
  signers: readonly Signer[],
): Promise<Dsse> {
  const covered = preAuthEncoding(payloadType, payload);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({
      keyid: signer.keyId,
      sig: Buffer.from(await signer.sign(covered)).toString('base64'),
    })),
  );
  return { payloadType, payload: Buffer.from(payload).toString('base64'), signatures };
}

/** The bytes inside. They are anybody's until {@link isDsseSignedBy} says whose. */
export function unverifiedPayload(envelope: Dsse): Uint8Array {
  return Buffer.from(envelope.payload, 'base64');
}

/**
 * Whether at least `threshold` *different* keys of `keys` signed the envelope as this payload type.
 * The keyid is a hint only; keys are counted by material.
 */
export function isDsseSignedBy(
  envelope: Dsse,
  payloadType: string,
  keys: readonly PublicKey[],
  threshold: number,
): boolean {
  if (envelope.payloadType !== payloadType || threshold < 1) return false;
  const covered = preAuthEncoding(payloadType, unverifiedPayload(envelope));
  const counted = new Set<string>();
  for (const { keyid, sig } of envelope.signatures) {
    const signature = Buffer.from(sig, 'base64');
    const signedBy = keys.find(
      (key) =>
        (keyid === undefined || keyid === keyIdOf(key)) && isSignedBy(key, covered, signature),
    );
    if (signedBy !== undefined) counted.add(keyMaterial(signedBy));
  }
  return counted.size >= threshold;
}
