import { isSignedBy } from '../../shared/crypto/is-signed-by.ts';
import { keyIdOf, keyMaterial, type PublicKey } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { Failure } from '../failure.ts';
import { awsKms } from './aws-kms.ts';
import { execProgram } from './exec.ts';
import { gcpKms } from './gcp-kms.ts';
import { keyFileElsewhere } from './key-file-elsewhere.ts';
import { pkcs11Token } from './pkcs11.ts';
import type { RemoteKey, Scheme, SignerWorld } from './remote-key.ts';
import { parseSignerUri, type SchemeName } from './signer-uri.ts';
import { sshAgent } from './ssh-agent.ts';
import { vaultTransit } from './vault-transit.ts';

const SCHEMES = {
  file: keyFileElsewhere,
  'ssh-agent': sshAgent,
  pkcs11: pkcs11Token,
  exec: execProgram,
  awskms: awsKms,
  gcpkms: gcpKms,
  vault: vaultTransit,
} as const satisfies Record<SchemeName, Scheme>;

/** The signer at a URI, with whatever key it has there: for adding it. */
export async function firstSigner(uri: string, world: SignerWorld): Promise<Signer> {
  const { scheme, address } = parseSignerUri(uri);
  const remote = await SCHEMES[scheme](address, world);
  return checkedSigner(uri, await remote.publicKey(), remote);
}

/** The signer at a URI, if it still has the key that was added; its own word for that is asked. */
export async function openSigner(
  uri: string,
  added: PublicKey,
  world: SignerWorld,
): Promise<Signer> {
  const signer = await firstSigner(uri, world);
  if (keyMaterial(signer.publicKey) !== keyMaterial(added)) {
    throw new Failure(
      'signer_key_changed',
      `${uri} has key ${keyIdOf(signer.publicKey).slice(0, 16)}, added was ${keyIdOf(added).slice(0, 16)}`,
    );
  }
  // The added form, not the read one: the same key in other words would have another key id.
  return { ...signer, publicKey: added, keyId: keyIdOf(added) };
}

/** Every signature is verified before anybody sees it: a token may lie or be broken. */
function checkedSigner(uri: string, publicKey: PublicKey, remote: RemoteKey): Signer {
  const sign = async (bytes: Uint8Array): Promise<Uint8Array> => {
    const signature = await remote.sign(bytes);
    if (isSignedBy(publicKey, bytes, signature)) return signature;
    throw new Failure('signature_wrong', `the signature of ${uri} does not verify by its own key`);
  };
  return { keyId: keyIdOf(publicKey), publicKey, sign };
}
