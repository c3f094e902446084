import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { signerFromSeed, type Signer } from '../shared/crypto/signer.ts';

/** The pretended builder that the fixtures' provenance names. `.example` can never be a real one. */
export const BUILDER_ID = 'https://builder.sealift.example/fixtures@v1';

/** Where the seed lies. TEST ONLY, as its name says. */
export const BUILDER_KEY_FILE = new URL('keys/TEST-ONLY-builder.ed25519.json', import.meta.url);

const KeyFile = z.object({ seedHex: z.string().check(z.regex(/^[0-9a-f]{64}$/)) });

/** The test builder's key, ready to sign; its `publicKey` is what a policy has to trust. */
export async function loadBuilder(): Promise<Signer> {
  const { seedHex } = KeyFile.parse(JSON.parse(await readFile(BUILDER_KEY_FILE, 'utf8')));
  return signerFromSeed(Buffer.from(seedHex, 'hex'));
}
