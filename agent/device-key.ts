import * as z from 'zod/mini';
import { newSeed } from '../shared/crypto/ed25519.ts';
import { signerFromSeed, type Signer } from '../shared/crypto/signer.ts';
import { readIfThere, writeDurably } from './install/durable-file.ts';

const KeyFile = z.strictObject({
  schema: z.literal('sealift.device-key/1'),
  seed: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});

/**
 * The device's own key, made here at the first start (mode 0600, never sent anywhere). A key file
 * that cannot be read is not replaced: the server knows this device by the old one.
 */
export async function deviceKey(path: string): Promise<Signer> {
  const bytes = await readIfThere(path);
  if (bytes !== undefined) return signerFromSeed(seedOf(path, bytes));
  const seed = newSeed();
  const file = { schema: 'sealift.device-key/1', seed: Buffer.from(seed).toString('hex') };
  await writeDurably(path, Buffer.from(`${JSON.stringify(file)}\n`));
  return signerFromSeed(seed);
}

function seedOf(path: string, bytes: Buffer): Uint8Array {
  const file = KeyFile.safeParse(jsonOf(bytes));
  if (file.success) return Buffer.from(file.data.seed, 'hex');
  throw new Error(`${path} is damaged: this device cannot prove itself any more. Enrol it anew.`);
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // the schema behind it says what is wrong
  }
}
