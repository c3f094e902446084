import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Updater } from 'tuf-js';
import { tarOf } from '../../../firmware-fixtures/archive.ts';
import type { FakeServer } from '../fake-server.ts';
import { newHome, type Operator } from '../operator.ts';
import { prepareGateway } from '../prepared.ts';

let server: FakeServer;
let author: Operator;
let manifestSha256: unknown;

beforeAll(async () => {
  const prepared = await prepareGateway();
  server = prepared.server;
  author = await prepared.again();
  const artifact = join(author.home, 'artifact.tar');
  const sbom = join(author.home, 'sbom.json');
  await writeFile(artifact, tarOf([{ path: 'a', mode: 0o644, bytes: Buffer.from('a') }]));
  await writeFile(sbom, JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6' }));
  ({ manifestSha256 } = await author.json(
    ...['release', 'publish', '--product', 'gateway', '--version', '1.0.0', '--epoch', '1'],
    ...['--class', 'functional', '--artifact', artifact, '--sbom', sbom],
  ));
});

afterAll(() => server.close());

async function tufClient(): Promise<Updater> {
  const folder = await newHome();
  const [metadataDir, targetDir] = [join(folder, 'metadata'), join(folder, 'targets')];
  await mkdir(metadataDir);
  await mkdir(targetDir);
  const firstRoot = join(author.home, 'metadata', 'image', '1.root.json');
  await copyFile(firstRoot, join(metadataDir, 'root.json'));
  return new Updater({
    metadataDir,
    metadataBaseUrl: `${server.url}/image`,
    targetDir,
    targetBaseUrl: `${server.url}/image/targets`,
  });
}

test('a plain TUF client reads what the author published, from the root that devices get', async () => {
  const client = await tufClient();
  const target = await client.getTargetInfo('gateway/1.0.0/manifest.json');
  if (target === undefined) throw new Error('the client does not find the release');
  expect(target.hashes['sha256']).toBe(manifestSha256);

  const manifest = JSON.parse(
    await readFile(await client.downloadTarget(target), 'utf8'),
  ) as object;
  expect(manifest).toMatchObject({ product: 'gateway', version: '1.0.0' });
});

test('and finds nothing that nobody published', async () => {
  const client = await tufClient();
  expect(await client.getTargetInfo('gateway/6.6.6/manifest.json')).toBeUndefined();
});
