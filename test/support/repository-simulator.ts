import type { Signer } from '../../shared/crypto/signer.ts';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { PublicKey } from '../../shared/crypto/public-key.ts';
import type { RootFile } from '../../shared/metadata/root.ts';
import { signMetadata, type MetadataFile } from '../../shared/metadata/sign-metadata.ts';
import type { SnapshotFile } from '../../shared/metadata/snapshot.ts';
import type { TargetsFile } from '../../shared/metadata/targets.ts';
import type { TimestampFile } from '../../shared/metadata/timestamp.ts';
import type { FetchFile } from '../../shared/trust/repository.ts';
import { testKey } from './test-key.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Online = 'timestamp' | 'snapshot' | 'targets';

/** When the tests play, and when what they sign expires unless a test says otherwise. */
export const NOON = new Date('2026-06-01T12:00:00Z');
const LATER = '2026-06-08T00:00:00Z';

/**
 * A TUF repository that a test edits in memory and that signs on fetch, so an attack is one or two
 * assignments (the idea is python-tuf's RepositorySimulator).
 */
export interface Simulator {
  root: Writable<RootFile>;
  timestamp: Writable<TimestampFile>;
  snapshot: Writable<SnapshotFile>;
  targets: Writable<TargetsFile>;
  readonly delegated: Map<string, Writable<TargetsFile>>;
  /** Who signs a role when it is fetched. */
  readonly signers: Map<string, readonly Signer[]>;
  /** Roots as published, version 1 first. */
  readonly roots: Uint8Array[];
  /** Files below `targets/`, by their whole fetch name. */
  readonly files: Map<string, Uint8Array>;
  /** The attacker on the wire: what is served instead of a file. */
  readonly instead: Map<string, (honest: Uint8Array | undefined) => Uint8Array | undefined>;
  /** What a parent says of a file (`snapshot.json`, `targets.json`, ...) instead of the truth; null hides it. */
  readonly claims: Map<string, Claim | null>;
  /** Whether parents name hashes and lengths, or only versions. */
  namesHashes: boolean;
  readonly fetched: string[];
  readonly fetch: FetchFile;
  /** Signs the root as the next version and publishes it. */
  readonly publishRoot: (signers?: readonly Signer[]) => Promise<void>;
  /** A new version of each online role, as an honest repository publishes a change. */
  readonly publish: () => void;
  /** Gives a role new keys in the root (not published yet) and as signers. */
  readonly setKeys: (role: 'root' | Online, signers: readonly Signer[], threshold?: number) => void;
  /** Delegates from the top-level targets to a role with these paths. */
  readonly delegate: (name: string, paths: readonly string[], signers: readonly Signer[]) => void;
}

/** A fresh repository at version 1 with one key per role. */
export async function simulateRepository(): Promise<Simulator> {
  const common = { spec_version: '1.0.34', version: 1, expires: LATER };
  const sim: Simulator = {
    root: {
      _type: 'root',
      ...common,
      version: 0,
      consistent_snapshot: true,
      keys: {},
      roles: { root: none(), timestamp: none(), snapshot: none(), targets: none() },
    },
    timestamp: { _type: 'timestamp', ...common, meta: { 'snapshot.json': { version: 1 } } },
    snapshot: { _type: 'snapshot', ...common, meta: {} },
    targets: { _type: 'targets', ...common, targets: {} },
    delegated: new Map(),
    signers: new Map(),
    roots: [],
    files: new Map(),
    instead: new Map(),
    claims: new Map(),
    namesHashes: true,
    fetched: [],
    fetch: async (name) => {
      sim.fetched.push(name);
      const honest = await serve(sim, name);
      const attack = sim.instead.get(name);
      return attack === undefined ? honest : attack(honest);
    },
    publishRoot: async (signers) => {
      sim.root.version += 1;
      sim.roots.push(await signMetadata(sim.root, signers ?? sim.signers.get('root') ?? []));
    },
    publish: () => {
      for (const role of [sim.targets, sim.snapshot, sim.timestamp, ...sim.delegated.values()]) {
        role.version += 1;
      }
    },
    setKeys: (role, signers, threshold = 1) => {
      sim.signers.set(role, signers);
      sim.root.keys = { ...sim.root.keys, ...keysById(signers) };
      const keyids = signers.map(({ keyId }) => keyId);
      sim.root.roles = { ...sim.root.roles, [role]: { keyids, threshold } };
    },
    delegate: (name, paths, signers) => {
      sim.signers.set(name, signers);
      sim.delegated.set(name, { _type: 'targets', ...common, targets: {} });
      const keyids = signers.map(({ keyId }) => keyId);
      const before = sim.targets.delegations;
      sim.targets.delegations = {
        keys: { ...before?.keys, ...keysById(signers) },
        roles: [
          ...(before?.roles ?? []),
          { name, keyids, threshold: 1, terminating: false, paths: [...paths] },
        ],
      };
    },
  };
  for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const) {
    sim.setKeys(role, [testKey(role)]);
  }
  await sim.publishRoot();
  return sim;
}

/** The entry of a target for these bytes. */
export function targetFor(bytes: Uint8Array, custom?: Record<string, unknown>): TargetEntry {
  return {
    length: bytes.length,
    hashes: { sha256: sha256Hex(bytes) },
    ...(custom === undefined ? {} : { custom }),
  };
}
type Claim = SnapshotFile['meta'][string];
type TargetEntry = TargetsFile['targets'][string];

function none(): { keyids: string[]; threshold: number } {
  return { keyids: [], threshold: 1 };
}

function keysById(signers: readonly Signer[]): Record<string, PublicKey> {
  return Object.fromEntries(signers.map(({ keyId, publicKey }) => [keyId, publicKey]));
}

async function serve(sim: Simulator, name: string): Promise<Uint8Array | undefined> {
  const root = /^(\d+)\.root\.json$/.exec(name)?.[1];
  if (root !== undefined) return sim.roots[Number(root) - 1];
  if (name.startsWith('targets/')) return sim.files.get(name);
  const role = decodeURIComponent(name.replace(/^\d+\./, '').replace(/\.json$/, ''));
  if (role === 'timestamp') return signTimestamp(sim);
  if (role === 'snapshot') return signSnapshot(sim);
  return signTargets(sim, role);
}

async function signTimestamp(sim: Simulator): Promise<Uint8Array> {
  const truth = named(sim, sim.snapshot.version, await signSnapshot(sim));
  const meta = { 'snapshot.json': { ...truth, ...sim.claims.get('snapshot.json') } };
  return sign(sim, 'timestamp', { ...sim.timestamp, meta });
}

async function signSnapshot(sim: Simulator): Promise<Uint8Array> {
  const meta: Record<string, Claim> = {};
  for (const role of ['targets', ...sim.delegated.keys()]) {
    const file = `${role}.json`;
    const bytes = await signTargets(sim, role);
    const claim = sim.claims.get(file);
    if (bytes === undefined || claim === null) continue;
    meta[file] = { ...named(sim, targetsOf(sim, role)?.version ?? 1, bytes), ...claim };
  }
  return sign(sim, 'snapshot', { ...sim.snapshot, meta });
}

async function signTargets(sim: Simulator, role: string): Promise<Uint8Array | undefined> {
  const targets = targetsOf(sim, role);
  return targets && sign(sim, role, targets);
}

function targetsOf(sim: Simulator, role: string): TargetsFile | undefined {
  return role === 'targets' ? sim.targets : sim.delegated.get(role);
}

function sign(sim: Simulator, role: string, file: MetadataFile): Promise<Uint8Array> {
  return signMetadata(file, sim.signers.get(role) ?? []);
}

function named(sim: Simulator, version: number, bytes: Uint8Array): Claim {
  return sim.namesHashes ? { version, ...targetFor(bytes) } : { version };
}
