/** How signers are named; the long form of it is in operator/README.md. */
export const SIGNER_HELP = `
Signers (quote the URI: it may hold ; and ?):
  file:PATH              an encrypted key file of ours that lies elsewhere, on a stick in a safe
  ssh-agent:SHA256:...   a key of the agent at SSH_AUTH_SOCK, by fingerprint (ssh-add -l);
  ssh-agent:COMMENT      by its comment; or ssh-agent: for the only one that fits
  pkcs11:token=LABEL;object=LABEL?module-path=FILE
                         a smart card, YubiKey or HSM (RFC 7512). P-256 keys; needs pkcs11-tool of
                         OpenSC. Also: id= serial= model= manufacturer= slot-id=, pin-source=file:PATH.
                         The PIN: pin-source, SEALIFT_PKCS11_PIN, or asked for
  exec:PROGRAM ARG...    any program, run without a shell: "PROGRAM ARG... public-key" prints the
                         key (SPKI, PEM), "PROGRAM ARG... sign" reads bytes and writes the signature
                         (64 bytes of Ed25519, or DER of ECDSA P-256 with SHA-256). %20 is a space
  awskms:KEY             key id, ARN or alias/NAME. AWS_REGION, AWS_ACCESS_KEY_ID,
                         AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. Make it ECC_NIST_P256
  gcpkms:projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N
                         CLOUDSDK_AUTH_ACCESS_TOKEN, or GCE_METADATA_HOST on a machine of theirs
  vault:KEY              transit engine of Vault or OpenBao; also vault:MOUNT/KEY, ?version=N.
                         VAULT_ADDR, VAULT_TOKEN, VAULT_NAMESPACE

Keys are Ed25519 or ECDSA P-256. What is stored is the URI and the public key, never a PIN or a
token. Each command reads the public key again and refuses another; each signature is verified first.`;
