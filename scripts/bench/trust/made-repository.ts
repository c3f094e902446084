import { createHash } from 'node:crypto';
import { signerFromSeed, type Signer } from '../../../shared/crypto/signer.ts';
import { signMetadata, type MetadataFile } from '../../../shared/metadata/sign-metadata.ts';
import { SPEC_VERSION } from '../../../shared/metadata/fields.ts';
import type { TargetsFile } from '../../../shared/metadata/targets.ts';

/** A signed repository with one product, as files by their fetch name. */
export interface MadeRepository {
  readonly firstRoot: Uint8Array;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** A target in the middle of the product's role. */
  readonly path: string;
}

const common = { spec_version: SPEC_VERSION, version: 1, expires: '2036-01-01T00:00:00Z' } as const;

/** A product role with this many releases, all signed. */
export async function makeRepository(releases: number): Promise<MadeRepository> {
  const [root, targets, product, snapshot, timestamp] = ['r', 't', 'p', 's', 'ts'].map(keyOf);
  if (!root || !targets || !product || !snapshot || !timestamp) throw new Error('bug: no keys');
  const sign = (file: MetadataFile, signer: Signer): Promise<Uint8Array> =>
    signMetadata(file, [signer]);
  const all = [root, targets, snapshot, timestamp];
  const firstRoot = await sign(
    {
      _type: 'root',
      ...common,
      consistent_snapshot: true,
      keys: Object.fromEntries(all.map(({ keyId, publicKey }) => [keyId, publicKey])),
      roles: {
        root: heldBy(root),
        targets: heldBy(targets),
        snapshot: heldBy(snapshot),
        timestamp: heldBy(timestamp),
      },
    },
    root,
  );
  const delegated = {
    name: 'gateway',
    terminating: true,
    paths: ['gateway/*/*'],
    ...heldBy(product),
  };
  const top: TargetsFile = {
    _type: 'targets',
    ...common,
    targets: {},
    delegations: { keys: { [product.keyId]: product.publicKey }, roles: [delegated] },
  };
  const role: TargetsFile = { _type: 'targets', ...common, targets: releasesOf(releases) };
  const meta = { 'targets.json': { version: 1 }, 'gateway.json': { version: 1 } };
  const newest = { 'snapshot.json': { version: 1 } };
  const files = new Map([
    ['timestamp.json', await sign({ _type: 'timestamp', ...common, meta: newest }, timestamp)],
    ['1.snapshot.json', await sign({ _type: 'snapshot', ...common, meta }, snapshot)],
    ['1.targets.json', await sign(top, targets)],
    ['1.gateway.json', await sign(role, product)],
  ]);
  return { firstRoot, files, path: pathOf(Math.floor(releases / 2)) };
}

function releasesOf(count: number): TargetsFile['targets'] {
  const entries = Array.from({ length: count }, (_, number) => {
    const sha256 = createHash('sha256').update(String(number)).digest('hex');
    const mustMatch = {
      securityEpoch: 1,
      hardwareIds: ['rpi3', 'rpi4'],
      releaseCounter: number + 1,
    };
    return [pathOf(number), { length: 1_024, hashes: { sha256 }, custom: { mustMatch } }];
  });
  return Object.fromEntries(entries) as TargetsFile['targets'];
}

function pathOf(number: number): string {
  return `gateway/1.0.${number}/manifest.json`;
}

function heldBy({ keyId }: Signer): { readonly keyids: string[]; readonly threshold: number } {
  return { keyids: [keyId], threshold: 1 };
}

function keyOf(name: string): Signer {
  return signerFromSeed(createHash('sha256').update(`bench ${name}`).digest());
}
