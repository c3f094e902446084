import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { sha256OfFile } from './sha256-of-file.ts';
import { runTool } from '../fetch-real-firmware/run-tool.ts';
import type { Author } from '../fleet/author.ts';
import { BOARD } from './factory.ts';
import type { BoardPackages } from './packages.ts';
import { writeVariant, type Variant } from './variant.ts';

/** A root file system as a file to publish. */
export interface PackedImage {
  readonly version: string;
  readonly file: string;
  readonly sbom: string;
  readonly bytes: number;
  /** Of the image as it stands in a slot. */
  readonly unpacked: { readonly sha256: string; readonly length: number };
}

/** A release of the board, as the author knows it. */
export interface Published {
  readonly version: string;
  readonly manifestSha256: string;
  readonly unpacked: PackedImage['unpacked'];
}

/** What every root file system of the board is made of. */
export interface Ingredients {
  readonly packages: BoardPackages;
  /** The image that the others are variants of. */
  readonly factory: string;
}

/** Makes a version of the board's root and packs it, as an author would. */
export async function packImage(
  work: string,
  { packages, factory }: Ingredients,
  variant: Variant,
): Promise<PackedImage> {
  const { version } = variant;
  const image = join(work, `root-${version}.ext4`);
  await writeVariant(factory, image, variant);
  const unpacked = { sha256: await sha256OfFile(image), length: (await stat(image)).size };
  await runTool('gzip', ['--force', '-1', image]);
  const file = `${image}.gz`;
  const sbom = await writeSbom(work, packages);
  return { version, file, sbom, bytes: (await stat(file)).size, unpacked };
}

/** Publishes an image under its version. */
export async function publishImage(
  author: Author,
  { version, file, sbom, unpacked }: PackedImage,
): Promise<Published> {
  const { manifestSha256 } = await author.ask(
    z.object({ manifestSha256: z.string() }),
    ...['release', 'publish', '--product', BOARD.product, '--version', version],
    ...['--artifact', `system=${file}:image`, '--sbom', sbom],
    ...['--epoch', '1', '--class', 'functional'],
  );
  return { version, manifestSha256, unpacked };
}

/** What is inside, by the names of its packages. */
async function writeSbom(work: string, { debs }: BoardPackages): Promise<string> {
  const file = join(work, 'sbom.cdx.json');
  const components = [...debs.keys()].map((name) => ({
    type: 'library',
    name,
    purl: `pkg:deb/debian/${name}?arch=arm64`,
  }));
  const document = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components };
  await writeFile(file, JSON.stringify(document));
  return file;
}
