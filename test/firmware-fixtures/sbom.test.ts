import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { buildFixtures } from '../../firmware-fixtures/build.ts';
import { hashesOf } from '../../firmware-fixtures/cyclonedx.ts';
import { folderNameOf, RELEASES } from '../../firmware-fixtures/releases.ts';
import { readArchive } from './read-archive.ts';

const HashList = z.tuple([
  z.object({ alg: z.literal('SHA-256'), content: z.string() }),
  z.object({ alg: z.literal('SHA-512'), content: z.string() }),
]);

const Sbom = z.object({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.literal('1.6'),
  serialNumber: z
    .string()
    .regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
  metadata: z.object({
    timestamp: z.iso.datetime(),
    component: z.object({ name: z.string(), version: z.string(), hashes: HashList }),
  }),
  components: z.array(
    z.object({
      'bom-ref': z.string(),
      name: z.string(),
      version: z.string(),
      purl: z.string().startsWith('pkg:'),
      hashes: HashList,
      licenses: z.array(z.object({ license: z.object({ id: z.string() }) })).min(1),
      evidence: z.object({ occurrences: z.tuple([z.object({ location: z.string() })]) }),
    }),
  ),
});

const hashListOf = (bytes: Buffer): z.infer<typeof HashList> => {
  const { sha256, sha512 } = hashesOf(bytes);
  return [
    { alg: 'SHA-256', content: sha256 },
    { alg: 'SHA-512', content: sha512 },
  ];
};

let built: ReadonlyMap<string, Buffer>;
beforeAll(async () => {
  built = await buildFixtures();
});
const file = (path: string): Buffer => built.get(path) ?? Buffer.alloc(0);

describe.each(RELEASES.map(folderNameOf))('the SBOM of %s', (folder) => {
  const readSbom = (): z.infer<typeof Sbom> =>
    Sbom.parse(JSON.parse(file(`${folder}/sbom.cdx.json`).toString()));

  test('names every file of the archive, with the hashes it has there', async () => {
    const entries = await readArchive(file(`${folder}/artifact.tar`));

    const inArchive = entries
      .filter(({ type }) => type === 'File')
      .map(({ path, bytes }) => ({ location: path, hashes: hashListOf(bytes) }));
    const inSbom = readSbom().components.map(({ evidence, hashes }) => ({
      location: evidence.occurrences[0].location,
      hashes,
    }));
    expect(inSbom).toEqual(inArchive);
  });

  test('is about the artifact beside it', () => {
    const { component } = readSbom().metadata;

    expect(component.hashes).toEqual(hashListOf(file(`${folder}/artifact.tar`)));
    expect(folder.startsWith(`${component.name}-${component.version}`)).toBe(true);
  });

  test('gives the firmware its Debian name and licence, so that an advisory finds it', () => {
    const firmware = readSbom().components.find(
      (component) => component['bom-ref'] === 'file:firmware/rpi4/bl31.bin',
    );

    expect(firmware).toMatchObject({
      name: 'arm-trusted-firmware',
      version: '2.8.0+dfsg-1',
      purl: 'pkg:deb/debian/arm-trusted-firmware@2.8.0%2Bdfsg-1?arch=arm64&distro=debian-12&upstream=arm-trusted-firmware',
      licenses: [{ license: { id: 'BSD-3-Clause' } }],
    });
  });
});
