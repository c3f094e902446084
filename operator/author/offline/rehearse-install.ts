import { bundleAsFetch, BundleSchema } from '../../../shared/protocol/bundle.ts';
import { parseStrictJson } from '../../../shared/metadata/strict-json.ts';
import type { Manifest } from '../../../shared/release/manifest.ts';
import { memoryStore } from '../../../shared/trust/memory-store.ts';
import { Refusal } from '../../../shared/trust/refusal.ts';
import type { FetchFile, Repository } from '../../../shared/trust/repository.ts';
import { verifyAssignment } from '../../../shared/trust/verify-assignment.ts';

/** What a device of today would be handed. */
export interface Rehearsal {
  readonly firstRoots: Readonly<Record<'image' | 'director', Uint8Array>>;
  readonly image: FetchFile;
  readonly product: string;
  readonly hardwareId: string;
  readonly now: Date;
}

/** A word for one device. */
export interface CarriedWord {
  readonly device: string;
  readonly bundle: string;
}

/** What a device read of the image repository on its way, by name, and where it got to. */
export interface Rehearsed {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly manifest: Manifest;
}

/**
 * Plays a device that was provisioned with the first roots and is handed this word: what it refuses is
 * no bundle, and what it read is all that a bundle must hold.
 */
export async function rehearseInstall(
  { firstRoots, image, product, hardwareId, now }: Rehearsal,
  { device, bundle }: CarriedWord,
): Promise<Rehearsed> {
  const files = new Map<string, Uint8Array>();
  const fetch: FetchFile = async (name, maxBytes) => {
    const bytes = await image(name, maxBytes);
    if (bytes !== undefined) files.set(name, bytes);
    return bytes;
  };
  const repository = (name: Repository['name'], from: FetchFile): Repository => {
    return { name, fetch: from, store: memoryStore(), firstRoot: firstRoots[name], startedAt: now };
  };
  const word = BundleSchema.parse(parseStrictJson(Buffer.from(bundle, 'utf8')));
  const verdict = await verifyAssignment({
    director: repository('director', bundleAsFetch(word)),
    image: repository('image', fetch),
    asked: { deviceId: device, nonce: undefined, isHandedOver: true },
    device: { product, hardwareId, securityEpoch: 0, releaseCounter: 0, recalledReleases: [] },
  });
  if (verdict.kind === 'release') return { files, manifest: verdict.manifest };
  throw new Refusal('release_not_signed', `the word for ${device} names no release`);
}
