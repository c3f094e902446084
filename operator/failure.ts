/**
 * Every way in which the program itself says no: the code is for scripts, `next` tells a person what
 * to do. Refusals keep the codes of shared/trust, the server's answers keep the server's.
 */
export const FAILURES = {
  wrong_usage: 'Run the command with --help to see what it takes.',
  no_server: 'Run `sealift login --server URL --token TOKEN` first.',
  no_token: 'Run `sealift login --server URL --token TOKEN`, or set SEALIFT_TOKEN.',
  plaintext_refused:
    'Use an https:// address, or pass --allow-plaintext to send the token unprotected.',
  server_unreachable: 'Check the address and that the server runs, then run the command again.',
  server_answer_malformed: 'Check that the address is of a Sealift server of this version.',
  server_changed: 'Use another --home for another server.',
  workspace_damaged: 'Restore the file from a backup. Nothing was changed.',
  no_root:
    'Run `sealift keys init`, or copy metadata/image/1.root.json from a workspace that you trust.',
  no_passphrase: 'Set SEALIFT_PASSPHRASE, or run the command in a terminal.',
  passphrase_mismatch: 'Type the same passphrase twice.',
  passphrase_weak: 'Choose a passphrase of at least 12 characters.',
  wrong_passphrase: 'Try again with the passphrase that the key was made with.',
  key_exists:
    'Keys are never overwritten. Move the file away if it is not needed, or use another --home.',
  key_missing: 'Copy the key file into the keys folder of this workspace, or use another --home.',
  key_file_damaged: 'Restore the key file from a backup. Nothing was changed.',
  key_file_exposed: 'Take the right to read it from others: chmod 600 on the file.',
  signer_uri_invalid: 'See how signers are named: sealift keys add --help.',
  signer_unavailable:
    'Check that the token is plugged in and its program or service runs, then run the command again.',
  signer_login_missing: 'Log in as the service asks for it, then run the command again.',
  signer_refused: 'Mend what the signer says. Nothing was signed.',
  pin_refused: 'Check the PIN before you try again: a token locks itself after a few wrong ones.',
  no_pin: 'Set SEALIFT_PKCS11_PIN, name a pin-source, or run the command in a terminal.',
  signer_key_unknown: 'Name one of its keys, or make one there first.',
  signer_key_unfit: 'Use an ECDSA P-256 key, or an Ed25519 key.',
  signer_key_changed:
    'Plug in the token, or name the version, that was added. Another key is added under another name.',
  signer_limit: 'Use an ECDSA P-256 key there, which signs a digest, or another signer.',
  signature_wrong: 'The signature was thrown away. Do not use this signer before you know why.',
  already_initialised: 'Use the workspace that holds the keys of this server.',
  product_unknown: 'Add it first: sealift product add NAME --hardware ID.',
  product_exists: 'A product is added once. See it with: sealift product list.',
  hardware_unknown: 'Name the boards: --hardware ID...',
  release_exists: 'A published release never changes. Publish the new bytes under a new version.',
  release_unknown: 'See what is published: sealift release list.',
  recall_final: 'A recall is never taken back. Publish what it held under a new version.',
  move_impossible: 'Publish a release that devices may take, then recall with --move-to that one.',
  release_invalid: 'Mend what the sentence names, then publish again.',
  file_unreadable: 'Check the name and that you may read it.',
  offline_not_granted:
    'Let the holders of the director root allow it first: sealift keys offline DAYS.',
  no_devices: 'Name devices with --device, or see: sealift device list.',
  bundle_exists: 'Name another file or folder: a bundle is never written over another one.',
  blob_wrong: 'Nothing was written. Check the server, then export again.',
  image_refused: 'Pack the image again (gzip, xz -9 or less, zstd --long=26 or less).',
  archive_refused: 'Pack the archive again without it: a device would refuse this release.',
  sbom_unknown: 'Give a CycloneDX 1.4-1.7 or SPDX 2.3 or 3.0.1 document in JSON.',
  attestation_unknown: 'Give a DSSE envelope with an in-toto statement about the artifact.',
  no_director_root:
    'Copy metadata/director/1.root.json from a workspace that you trust, or from a device.',
  key_unknown: 'See the keys of every role: sealift keys status.',
  key_ambiguous: 'Give the key id, as sealift keys status shows it.',
  key_in_use: 'Give a key that the role does not have yet.',
  threshold_unreachable:
    'Add a holder first (sealift keys add-holder), put a new key in the place of the old one (sealift keys rotate), or lower the threshold (sealift keys threshold).',
  public_key_invalid: 'Ask the holder for a new file: sealift keys public NAME --out FILE.',
  nothing_to_sign: 'See who must sign: sealift event show ID.',
  nothing_to_change: 'Nothing was opened and nothing was signed.',
  confirmation_needed: 'Read what it changes, then run the command in a terminal or with --yes.',
  not_confirmed: 'Nothing was signed.',
  rehearsal_failed: 'Do not hold the ceremony in earnest. Report it: a device would not follow.',
  event_stale:
    'Something else was published meanwhile, or this workspace is shown an old state. Nothing was signed: withdraw the event and open it again.',
  event_malformed: 'Nothing was signed. Ask who opened the event what it is.',
  event_misleading:
    'Nothing was signed. The server does not tell what it would have you sign: find out why.',
  event_changed:
    'Nothing was signed. Under one id the server shows now this and now that: find out why.',
  event_closed: 'See what is open: sealift event list.',
  audit_broken: 'Somebody changed the trail, or the disk is damaged. Keep a copy and investigate.',
  audit_cut: 'Entries that were seen before are gone. Keep a copy and investigate.',
  audit_rewritten: 'The trail differs from what was seen before. Keep a copy and investigate.',
  interrupted: 'Nothing is lost: run the command again.',
} as const satisfies Record<string, string>;

export type FailureCode = keyof typeof FAILURES;

/** The program cannot do what was asked, and knows why. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
