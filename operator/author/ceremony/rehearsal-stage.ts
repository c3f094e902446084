import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Signer } from '../../../shared/crypto/signer.ts';
import { signerFromSeed } from '../../../shared/crypto/signer.ts';
import { SPEC_VERSION } from '../../../shared/metadata/fields.ts';
import { RootSchema, type RootFile } from '../../../shared/metadata/root.ts';
import { signMetadata } from '../../../shared/metadata/sign-metadata.ts';
import { TargetsSchema, type TargetsFile } from '../../../shared/metadata/targets.ts';
import { manifestPath } from '../../../shared/release/names.ts';
import { findTarget } from '../../../shared/trust/find-target.ts';
import { refresh } from '../../../shared/trust/refresh.ts';
import type { FetchFile, MetadataStore } from '../../../shared/trust/repository.ts';
import { readIfThere } from '../../workspace/read-file.ts';
import { daysAfter } from '../first-metadata.ts';
import type { HeldKey } from '../held-key.ts';
import { withRelease } from '../next-targets.ts';
import { proposedFiles, type Draft, type ProposedFile } from './draft.ts';
import { inspectFiles } from './inspect-event.ts';
import { readProposed } from './read-event.ts';
import { envelopeText, signEvent } from './sign-event.ts';
import type { Standing } from './standing.ts';

/** What a rehearsal takes from outside. */
export interface RehearsalWorld {
  /** An empty folder, which the caller removes. */
  readonly folder: string;
  readonly now: Date;
  readonly random: (length: number) => Uint8Array;
}

/** A key that lives as long as the rehearsal. */
export function throwawayKey({ random }: Pick<RehearsalWorld, 'random'>): Signer {
  return signerFromSeed(random(32));
}

/** A throwaway fleet: a folder that stands for the server, its online key, and what is published. */
export interface Stage {
  readonly world: RehearsalWorld;
  readonly online: Signer;
  readonly standing: Standing;
  readonly version: number;
}

/** The product that a rehearsal publishes for. */
export const PRODUCT = 'rehearsal';

/** The role of the product with one more release. */
export function rehearsalRelease(role: TargetsFile, version: string, now: Date): TargetsFile {
  const manifest = { product: PRODUCT, version, securityEpoch: 1, hardwareIds: ['board'] };
  return withRelease(role, manifest, Buffer.from(JSON.stringify(manifest), 'utf8'), now);
}

const MAX_BYTES = 16 * 1_024 * 1_024;

/** Publishes files under the next snapshot, as the server does; what it stands on is the new standing. */
export async function publish(stage: Stage, standing: Standing): Promise<Stage> {
  const { world, online } = stage;
  const version = stage.version + 1;
  const { imageRoot, imageTargets, products } = standing;
  const listed: Record<string, { version: number }> = {
    'targets.json': { version: imageTargets.content.version },
  };
  await put(stage, `${imageRoot.content.version}.root.json`, imageRoot.bytes);
  await put(stage, `${imageTargets.content.version}.targets.json`, imageTargets.bytes);
  for (const [product, { content, bytes }] of products) {
    listed[`${product}.json`] = { version: content.version };
    await put(stage, `${content.version}.${product}.json`, bytes);
  }
  const head = { spec_version: SPEC_VERSION, version, expires: daysAfter(world.now, 1) };
  const snapshot = { _type: 'snapshot', ...head, meta: listed } as const;
  const meta = { 'snapshot.json': { version } };
  await put(stage, `${version}.snapshot.json`, await signMetadata(snapshot, [online]));
  const timestamp = { _type: 'timestamp', ...head, meta } as const;
  await put(stage, 'timestamp.json', await signMetadata(timestamp, [online]));
  return { ...stage, standing, version };
}

/** Carries a ceremony out: each of these keys signs what it counts for, then all of it is published. */
export async function carryOut(
  stage: Stage,
  draft: Draft,
  keys: readonly Signer[],
): Promise<Stage> {
  const files = proposedFiles(draft);
  const offered = files.map(readProposed);
  const inspected = inspectFiles(
    { offered, manifests: [], products: [] },
    stage.standing,
    stage.world.now,
  );
  const signatures = await signEvent(inspected, keys.map(held));
  const signed = files.map((file) => ({
    ...file,
    bytes: Buffer.from(envelopeText(file, signatures), 'utf8'),
  }));
  return publish(stage, signed.reduce(withFile, stage.standing));
}

/** What stands, with one file in the place of the one before. */
export function withFile(
  standing: Standing,
  { role, signed, bytes }: ProposedFile & { readonly bytes: Uint8Array },
): Standing {
  if (role === 'root') {
    const file = signed as RootFile;
    return { ...standing, imageRoot: { content: RootSchema.parse(file), file, bytes } };
  }
  const file = signed as TargetsFile;
  const targets = { content: TargetsSchema.parse(file), file, bytes };
  if (role === 'targets') return { ...standing, imageTargets: targets };
  return { ...standing, products: new Map(standing.products).set(role, targets) };
}

/** A device, by what it keeps: it follows the server and looks for a release. Throws its refusal. */
export async function follow(
  { world }: Stage,
  { store, firstRoot }: { readonly store: MetadataStore; readonly firstRoot: Uint8Array },
  version: string,
): Promise<{ readonly root: number; readonly found: boolean }> {
  const fetch: FetchFile = (name) => readIfThere(join(world.folder, 'server', name), MAX_BYTES);
  const device = { name: 'image', fetch, store, firstRoot, startedAt: world.now } as const;
  const trusted = await refresh(device);
  const target = await findTarget(device, trusted, manifestPath(PRODUCT, version));
  return { root: trusted.root.version, found: target !== undefined };
}

async function put({ world }: Stage, name: string, bytes: Uint8Array): Promise<void> {
  await mkdir(join(world.folder, 'server'), { recursive: true });
  await writeFile(join(world.folder, 'server', name), bytes);
}

function held(signer: Signer): HeldKey {
  const { publicKey } = signer;
  const open = (): Promise<Signer> => Promise.resolve(signer);
  return { name: '', role: 'image-root', createdAt: '', publicKey, source: 'file', path: '', open };
}
