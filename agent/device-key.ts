import * as z from 'zod/mini';
import { newSeed } from '../shared/crypto/ed25519.ts';
import { signerFromSeed, type Signer } from '../shared/crypto/signer.ts';
import { readIfThere } from './install/durable-file.ts';
import { keepTwice, readKept } from './install/kept-twice.ts';
import { jsonIn } from './read-json.ts';

const Seed = z.strictObject({
  schema: z.literal('sealift.device-key/1'),
  seed: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});
const FORM = { schema: Seed, plain: (key: z.infer<typeof Seed>) => key };

/** Neither copy of the key is whole. A person must decide: the server knows this device by it. */
export class KeyDamaged extends Error {
  override readonly name = 'KeyDamaged';
}

/**
 * The device's own key, made here at the first start (mode 0600, never sent anywhere), and kept twice
 * with a checksum: one flipped bit would make it another key. One that cannot be read is not
 * replaced: the server knows this device by the old one.
 */
export async function deviceKey(path: string): Promise<Signer> {
  const kept = keepTwice(path, FORM);
  const known = await kept.load();
  const { seed } = known ?? (await keyOfOldForm(path)) ?? made();
  if (known === undefined) await kept.save({ schema: 'sealift.device-key/1', seed });
  return signerFromSeed(Buffer.from(seed, 'hex'));
}

/** Whether there is a key, without making or mending one. Throws {@link KeyDamaged}. */
export async function hasKey(path: string): Promise<boolean> {
  return ((await readKept(path, FORM)) ?? (await keyOfOldForm(path))) !== undefined;
}

/** An agent of 0.1.0 kept it once, without a checksum. */
async function keyOfOldForm(path: string): Promise<z.infer<typeof Seed> | undefined> {
  const files = [`${path}.json`, `${path}.backup.json`];
  const [first, second] = await Promise.all(files.map((file) => readIfThere(file)));
  if (first === undefined && second === undefined) return undefined;
  const old = Seed.safeParse(jsonIn(first));
  if (old.success) return old.data;
  throw new KeyDamaged(`both copies of ${path} are damaged: remove them, and enrol it anew`);
}

function made(): { readonly seed: string } {
  return { seed: Buffer.from(newSeed()).toString('hex') };
}
