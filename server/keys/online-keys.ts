import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { PublicKey } from '../../shared/crypto/public-key.ts';
import { nativeSignerFromSeed, type Signer } from '../../shared/crypto/signer.ts';

/** The only keys a server holds. None of them can make firmware installable (ARCHITECTURE "Trust"). */
export interface OnlineKeys {
  readonly image: { readonly snapshot: Signer; readonly timestamp: Signer };
  readonly director: {
    readonly targets: Signer;
    readonly snapshot: Signer;
    readonly timestamp: Signer;
  };
}

/** The public halves, for the author who writes the roots. */
export interface OnlinePublicKeys {
  readonly image: { readonly snapshot: PublicKey; readonly timestamp: PublicKey };
  readonly director: {
    readonly targets: PublicKey;
    readonly snapshot: PublicKey;
    readonly timestamp: PublicKey;
  };
}

const KeyFile = z.strictObject({
  keytype: z.literal('ed25519'),
  seed: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Reads the keys of a data folder; those that are missing are made, readable by the owner only. */
export async function loadOnlineKeys(
  folder: string,
  newSeed: () => Uint8Array,
): Promise<OnlineKeys> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = (name: string): Promise<Signer> => loadKey(join(folder, `${name}.json`), newSeed);
  return {
    image: { snapshot: await key('image-snapshot'), timestamp: await key('image-timestamp') },
    director: {
      targets: await key('director-targets'),
      snapshot: await key('director-snapshot'),
      timestamp: await key('director-timestamp'),
    },
  };
}

/** The public halves of all keys. */
export function publicKeysOf({ image, director }: OnlineKeys): OnlinePublicKeys {
  return {
    image: { snapshot: image.snapshot.publicKey, timestamp: image.timestamp.publicKey },
    director: {
      targets: director.targets.publicKey,
      snapshot: director.snapshot.publicKey,
      timestamp: director.timestamp.publicKey,
    },
  };
}

/** Every key of the server, in no order that means anything. */
export function allPublicKeys({ image, director }: OnlinePublicKeys): readonly PublicKey[] {
  return [...Object.values(image), ...Object.values(director)] as readonly PublicKey[];
}

async function loadKey(path: string, newSeed: () => Uint8Array): Promise<Signer> {
  const stored = await readIfThere(path);
  if (stored !== undefined) return readKey(path, stored);
  const seed = newSeed();
  const text = JSON.stringify({ keytype: 'ed25519', seed: Buffer.from(seed).toString('hex') });
  await writeSecret(path, `${text}\n`);
  return nativeSignerFromSeed(seed);
}

async function readKey(path: string, text: string): Promise<Signer> {
  await chmod(path, 0o600); // a copy or a restore may have opened it to others
  const parsed = KeyFile.safeParse(jsonOf(text));
  // Never replaced by a new key: the roots that name the old one would no longer fit.
  if (!parsed.success) throw new Error(`${path} is not a key file; restore it from your backup`);
  return nativeSignerFromSeed(Buffer.from(parsed.data.seed, 'hex'));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

/** Written aside, flushed, renamed: a power cut leaves no key or a whole one. */
async function writeSecret(path: string, text: string): Promise<void> {
  const aside = `${path}.partial`;
  const file = await open(aside, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema says what is wrong
  }
}
