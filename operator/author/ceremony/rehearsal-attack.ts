import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Signer } from '../../../shared/crypto/signer.ts';
import { signMetadata } from '../../../shared/metadata/sign-metadata.ts';
import type { RootFile } from '../../../shared/metadata/root.ts';
import type { MetadataStore } from '../../../shared/trust/repository.ts';
import { Refusal } from '../../../shared/trust/refusal.ts';
import { keyRecord, roleKeys } from '../first-metadata.ts';
import {
  follow,
  PRODUCT,
  publish,
  rehearsalRelease,
  throwawayKey,
  withFile,
  type Stage,
} from './rehearsal-stage.ts';
import { productOf } from './standing.ts';

/** A device, by what it keeps. */
export interface Victim {
  readonly store: MetadataStore;
  readonly firstRoot: Uint8Array;
}

/** `accepted`, or the code by which the device refuses. */
export type Verdict = string;

/** Firmware signed with one product key, published with every key of the server. */
export async function firmwareByThief(
  stage: Stage,
  stolen: Signer,
  victim: Victim,
): Promise<Verdict> {
  const copy = await copyFor(stage, 'thief-firmware');
  const signed = rehearsalRelease(productOf(stage.standing, PRODUCT).file, 'bad', stage.world.now);
  const bytes = await signMetadata(signed, [stolen]);
  const file = { repository: 'image', role: PRODUCT, signed, bytes } as const;
  await publish(copy, withFile(stage.standing, file));
  return verdict(async () => follow(copy, victim, 'bad'));
}

/** A next root that names the thief, signed with a root key that is no longer one. */
export async function rootByThief(stage: Stage, stolen: Signer, victim: Victim): Promise<Verdict> {
  const copy = await copyFor(stage, 'thief-root');
  const own = throwawayKey(stage.world);
  const { file } = stage.standing.imageRoot;
  const root: RootFile = {
    ...file,
    version: file.version + 1,
    keys: { ...file.keys, ...keyRecord([own.publicKey]) },
    roles: { ...file.roles, root: roleKeys({ keys: [own.publicKey], threshold: 1 }) },
  };
  const path = join(copy.world.folder, 'server', `${root.version}.root.json`);
  await writeFile(path, await signMetadata(root, [stolen, own]));
  return verdict(async () => follow(copy, victim, 'good'));
}

/** What the thief shows instead of the server, in a folder of its own. */
async function copyFor(stage: Stage, name: string): Promise<Stage> {
  const folder = join(stage.world.folder, `${name}-${stage.version}`);
  await cp(join(stage.world.folder, 'server'), join(folder, 'server'), { recursive: true });
  return { ...stage, world: { ...stage.world, folder } };
}

async function verdict(look: () => ReturnType<typeof follow>): Promise<Verdict> {
  try {
    return (await look()).found ? 'accepted' : 'not found';
  } catch (cause) {
    if (cause instanceof Refusal) return cause.code;
    throw cause;
  }
}
