import { mkdir } from 'node:fs/promises';
import { bundlePath } from '../build/build-program.ts';
import type { Told } from '../demo/stage.ts';
import { BAD_RELEASES, type BadRelease } from './bad-releases.ts';
import { packImage, type Ingredients, type PackedImage } from './images.ts';
import { buildInitrd } from './initrd.ts';
import { fetchPackages } from './packages.ts';
import { buildRoot } from './root.ts';

/** Where it is built, and for whom. */
export interface BuildPlan {
  /** Keeps what was downloaded. */
  readonly work: string;
  /** Of this run only. */
  readonly run: string;
  readonly isLight: boolean;
  readonly onlyGood: boolean;
  readonly tell: (line: string) => void;
}

/** Everything that is built before a board can start. */
export interface Made {
  readonly ingredients: Ingredients;
  readonly good: PackedImage;
  readonly bad: ReadonlyMap<BadRelease, PackedImage>;
}

/** The version that the board leaves the factory with. */
const FACTORY = { version: '1.0.0', behaviour: 'works' } as const;

/** Builds the root file system of the factory, and packs a good release and the bad ones. */
export async function buildReleases({
  work,
  run,
  isLight,
  onlyGood,
  tell,
}: BuildPlan): Promise<Told<Made>> {
  await mkdir(work, { recursive: true });
  const packages = await fetchPackages(work, tell);
  const initrd = await buildInitrd(work, packages);
  tell('building root file systems');
  const agentBundle = bundlePath({ name: 'sealift-agent' });
  const factory = await buildRoot(run, { packages, initrd, agentBundle, isLight, ...FACTORY });
  const ingredients = { packages, factory };
  const good = await packImage(run, ingredients, { version: '1.1.0', behaviour: 'works' });
  const bad = new Map<BadRelease, PackedImage>();
  for (const each of onlyGood ? [] : BAD_RELEASES) {
    bad.set(each, await packImage(run, ingredients, each));
  }
  const megabytes = Math.round(good.bytes / 1e6);
  const says = `a packed root has ${megabytes} MB`;
  return { says, facts: { megabytes }, value: { ingredients, good, bad } };
}
