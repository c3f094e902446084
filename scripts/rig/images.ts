import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { runTool } from '../fetch-real-firmware/run-tool.ts';
import type { Author } from '../fleet/author.ts';
import { BOARD } from './factory.ts';
import { buildRoot, type Behaviour, type RootPlan } from './root.ts';

/** What every root file system of the board is made of. */
export type Ingredients = Pick<RootPlan, 'packages' | 'initrd' | 'agentBundle'>;

/** A root file system as a file to publish. */
export interface PackedImage {
  readonly file: string;
  readonly sbom: string;
  readonly bytes: number;
}

/** Builds a version of the board's root and packs it, as an author would. */
export async function packImage(
  work: string,
  ingredients: Ingredients,
  { version, behaviour }: { readonly version: string; readonly behaviour: Behaviour },
): Promise<PackedImage> {
  const image = await buildRoot(work, { ...ingredients, version, behaviour });
  await runTool('gzip', ['--force', '-4', image]);
  const file = `${image}.gz`;
  return { file, sbom: await writeSbom(work, ingredients), bytes: (await stat(file)).size };
}

/** Publishes an image under a version. The same bytes may be published under several. */
export async function publishImage(
  author: Author,
  { file, sbom }: PackedImage,
  version: string,
): Promise<void> {
  await author.ask(
    z.object({ version: z.string() }),
    ...['release', 'publish', '--product', BOARD.product, '--version', version],
    ...['--artifact', `system=${file}:image`, '--sbom', sbom],
    ...['--epoch', '1', '--class', 'functional'],
  );
}

/** What is inside, by the names of its packages. */
async function writeSbom(work: string, { packages }: Ingredients): Promise<string> {
  const file = join(work, 'sbom.cdx.json');
  const components = [...packages.debs.keys()].map((name) => ({
    type: 'library',
    name,
    purl: `pkg:deb/debian/${name}?arch=arm64`,
  }));
  const document = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components };
  await writeFile(file, JSON.stringify(document));
  return file;
}
