const KIB = 1_024;
const MIB = 1_024 * KIB;

/**
 * How much a device reads and walks before it gives up (TUF 5.3.3, 5.4.1, 5.5.1, 5.6.1, 5.6.7.1).
 *
 * Sizes are python-tuf's and tuf-js's, but targets: 16 MiB holds 50,000 targets of one product.
 */
export const LIMITS = {
  rootBytes: 512_000,
  timestampBytes: 16_384,
  snapshotBytes: 2_000_000,
  targetsBytes: 16 * MIB,
  manifestBytes: 256 * KIB,
  sbomBytes: 64 * MIB,
  attestationBytes: 4 * MIB,
  bundleBytes: 4 * MIB,
  reportBytes: 64 * KIB,
  roots: 256,
  delegations: 32,
  signatures: 64,
  keys: 1_024,
} as const;
