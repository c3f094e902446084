import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildFixtures } from '../../../firmware-fixtures/build.ts';
import { buildManifest } from '../../../operator/author/build-manifest.ts';
import type { ModuleSaid } from '../../../operator/author/module-artifact.ts';
import { readReleaseFiles } from '../../../operator/author/release-files.ts';
import { newHome, type Operator } from '../operator.ts';
import { prepareGateway, type Prepared } from '../prepared.ts';

const FACTS = {
  product: 'gateway',
  version: '1.2.0',
  hardwareIds: ['rpi4'],
  securityEpoch: 2,
  class: 'functional',
  notes: undefined,
  advisories: [],
  supportUntil: undefined,
} as const;

async function file(name: string, text: string): Promise<string> {
  const path = join(await newHome(), name);
  await writeFile(path, text);
  return path;
}

/** What stands in the manifest of an artifact for a module. */
async function artifactOf(said: Partial<ModuleSaid>): Promise<unknown> {
  const module = { metaPath: undefined, isTar: false, installedSha256: undefined, ...said };
  const artifact = { component: 'mcu', installer: 'module:serial-mcu', module } as const;
  const path = await file('mcu.bin', 'firmware');
  const paths = { artifacts: [{ ...artifact, path }], sbom: undefined, attestations: [] };
  const files = await readReleaseFiles(paths, () => () => undefined);
  return buildManifest(FACTS, files).artifacts[0];
}

describe('an artifact for an update module', () => {
  test('is signed with the type of its module, and with no digest that nobody knows', async () => {
    const artifact = await artifactOf({});

    expect(artifact).toMatchObject({
      component: 'mcu',
      installer: 'module:serial-mcu',
      fileName: 'mcu.bin',
      mediaType: 'application/octet-stream',
      module: { files: 'one', metaData: {} },
    });
    expect(artifact).not.toHaveProperty('installed');
  });

  test('is signed with the metadata of its module, and with what has to stand there', async () => {
    const metaPath = await file('mcu.json', '{"port": "/dev/ttyS1", "baud": 115200}');
    const installedSha256 = 'd'.repeat(64);

    expect(await artifactOf({ metaPath, isTar: true, installedSha256 })).toMatchObject({
      installed: { sha256: installedSha256 },
      module: { files: 'tar', metaData: { port: '/dev/ttyS1', baud: 115200 } },
    });
  });

  test.each([
    ['a fraction', '{"volts": 3.3}'],
    ['a name twice', '{"port": 1, "port": 2}'],
    ['no object', '[1]'],
  ])('with metadata that is %s is not signed', async (_, text) => {
    const metaPath = await file('mcu.json', text);

    await expect(artifactOf({ metaPath })).rejects.toThrow(
      expect.objectContaining({ code: 'release_invalid' }),
    );
  });
});

describe('release publish', () => {
  let prepared: Prepared;
  let author: Operator;
  let folder: string;

  beforeAll(async () => {
    prepared = await prepareGateway();
    author = await prepared.again();
    folder = await newHome();
    for (const [path, bytes] of await buildFixtures()) {
      const name = path.split('gateway-1.0.0/')[1];
      if (name !== undefined) await writeFile(join(folder, name), bytes);
    }
    await writeFile(join(folder, 'mcu.bin'), 'firmware');
    await writeFile(join(folder, 'mcu.json'), '{"port": "/dev/ttyS1"}');
  });

  afterAll(() => prepared.server.close());

  const publish = (version: string, ...more: readonly string[]): readonly string[] => [
    ...['release', 'publish', '--product', 'gateway', '--version', version, '--epoch', '1'],
    ...['--class', 'functional', '--sbom', join(folder, 'sbom.cdx.json')],
    ...['--artifact', join(folder, 'artifact.tar')],
    ...['--artifact', `mcu=${join(folder, 'mcu.bin')}:module:serial-mcu`],
    ...more,
  ];

  test('takes an artifact for a module beside an archive', async () => {
    const meta = `mcu=${join(folder, 'mcu.json')}`;

    const answer = await author.json(...publish('1.0.0', '--module-meta', meta));

    expect(answer).toMatchObject({ outcome: 'is published', installedSha256: null });
  });

  test('refuses what is said of a component that no module installs', async () => {
    const said = ['--module-tar', 'firmware'];

    expect(await author.refused(...publish('1.1.0', ...said))).toBe('release_invalid');
  });
});
