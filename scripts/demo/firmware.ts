import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { buildFixtures, writeFixtures } from '../../firmware-fixtures/build.ts';
import type { Author } from '../fleet/author.ts';

const Facts = z.object({
  product: z.string(),
  version: z.string(),
  hardwareIds: z.array(z.string()),
  securityEpoch: z.number(),
  class: z.string(),
  notes: z.string(),
});

/** A release's files in its folder, and what it says of itself. */
export interface Firmware extends z.infer<typeof Facts> {
  readonly folder: string;
}

/** Builds the fixtures into a folder. Answers how many files there are. */
export async function buildFirmware(folder: string): Promise<number> {
  const built = await buildFixtures();
  await writeFixtures(folder, built);
  return built.size;
}

/** Publishes one of the built releases, with its SBOM and its provenance. */
export async function publish(author: Author, folder: string): Promise<Firmware> {
  const file = (name: string): string => join(folder, name);
  const facts = Facts.parse(JSON.parse(await readFile(file('release.json'), 'utf8')));
  await author.ask(
    z.object({ manifestSha256: z.string() }),
    ...['release', 'publish', '--product', facts.product, '--version', facts.version],
    ...['--artifact', file('artifact.tar'), '--sbom', file('sbom.cdx.json')],
    ...['--attestation', file('provenance.dsse.json')],
    ...['--epoch', String(facts.securityEpoch), '--class', facts.class, '--notes', facts.notes],
    ...facts.hardwareIds.flatMap((id) => ['--hardware', id]),
  );
  return { ...facts, folder };
}
