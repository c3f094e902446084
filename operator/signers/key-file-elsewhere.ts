import { parseKeyFile } from '../author/key-file.ts';
import { readNamed } from '../workspace/read-file.ts';
import type { RemoteKey, Scheme } from './remote-key.ts';
import { invalidUri } from './signer-uri.ts';

const MAX_BYTES = 16_384;

/** `file:PATH`: an encrypted key file of ours outside the workspace, on a stick in a safe. */
export const keyFileElsewhere: Scheme = async (address, { vault }) => {
  if (address === '') throw invalidUri('file:', 'the path of a key file is missing');
  const file = parseKeyFile(address, await readNamed(address, MAX_BYTES));
  // The vault's scrypt and the question for the passphrase come here, not while others sign.
  const signer = await vault.open(file);
  return {
    publicKey: () => Promise.resolve(file.publicKey),
    sign: async (bytes) => signer.sign(bytes),
  } satisfies RemoteKey;
};
