import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildFixtures } from '../../../firmware-fixtures/build.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { tarOf } from '../../../firmware-fixtures/archive.ts';
import { signMetadata } from '../../../shared/metadata/sign-metadata.ts';
import { emptyTargets } from '../../../operator/author/first-metadata.ts';
import { signedOf, startFakeServer, type FakeServer } from '../fake-server.ts';
import { newHome, operatorAt, type Operator } from '../operator.ts';
import { prepareGateway, type Prepared } from '../prepared.ts';

let server: FakeServer;
let author: Operator;
let folder: string;
let prepared: Prepared;

beforeAll(async () => {
  prepared = await prepareGateway();
  server = prepared.server;
  folder = await newHome();
  for (const [path, bytes] of await buildFixtures()) {
    if (path.startsWith('gateway-1.0.0/')) {
      await writeFile(join(folder, path.slice('gateway-1.0.0/'.length)), bytes);
    }
  }
});

beforeEach(async () => {
  author = await prepared.again();
});

afterAll(() => server.close());

const publish = (version: string, ...more: readonly string[]): readonly string[] => [
  ...['release', 'publish', '--product', 'gateway', '--version', version, '--epoch', '1'],
  ...['--class', 'functional', '--artifact', join(folder, 'artifact.tar')],
  ...['--sbom', join(folder, 'sbom.cdx.json')],
  ...['--attestation', join(folder, 'provenance.dsse.json')],
  ...more,
];

test('a published release is in the role of its product, with its manifest hash', async () => {
  const { manifestSha256 } = await author.json(...publish('1.0.0'));

  const role = signedOf(server.files.get('2.gateway.json') ?? Buffer.of());
  expect(role['targets']).toMatchObject({
    'gateway/1.0.0/manifest.json': {
      hashes: { sha256: manifestSha256 },
      custom: { mustMatch: { securityEpoch: 1, hardwareIds: ['rpi3', 'rpi4'] } },
    },
  });
  const artifact = await readFile(join(folder, 'artifact.tar'));
  expect(server.blobs.get(sha256Hex(artifact))).toEqual(artifact);
  expect(server.blobs.size).toBe(3);
});

test('a later release keeps the earlier ones in the role', async () => {
  await author.json(...publish('1.0.0'));
  await author.json(...publish('1.0.1'));

  const role = signedOf(server.files.get('3.gateway.json') ?? Buffer.of());
  expect(Object.keys(role['targets'] as object)).toEqual([
    'gateway/1.0.0/manifest.json',
    'gateway/1.0.1/manifest.json',
  ]);
});

test('blobs that the server has are not sent again', async () => {
  await author.json(...publish('1.0.0'));
  const sent = (): number => server.requests.filter((route) => route.startsWith('PUT')).length;
  expect(sent()).toBe(3);

  await author.json(...publish('1.0.1'));
  expect(sent()).toBe(3);
});

test('publishing the same release again is done at once', async () => {
  const first = await author.json(...publish('1.0.0'));
  const again = await author.json(...publish('1.0.0'));
  expect(again['manifestSha256']).toBe(first['manifestSha256']);
  expect(server.requests.filter((route) => route === 'POST /api/v1/releases')).toHaveLength(1);
});

test('the same version with other content is refused before anything is signed', async () => {
  await author.json(...publish('1.0.0'));
  expect(await author.refused(...publish('1.0.0', '--notes', 'other'))).toBe('release_exists');
  expect(server.files.has('3.gateway.json')).toBe(false);
});

test('a dry run signs, writes and uploads nothing', async () => {
  const { exitCode } = await author.run(...publish('1.0.0', '--dry-run'));

  expect(exitCode).toBe(0);
  const dry = join(author.home, 'dry-run', 'gateway-1.0.0');
  const manifest = await readFile(join(dry, 'manifest.json'), 'utf8');
  expect(JSON.parse(manifest)).toMatchObject({ product: 'gateway', version: '1.0.0' });
  expect(signedOf(await readFile(join(dry, '2.gateway.json'))).version).toBe(2);
  expect(server.blobs.size).toBe(0);
  expect(server.files.has('2.gateway.json')).toBe(false);
});

test('when somebody else published meanwhile, the release is verified and signed anew, once', async () => {
  let conflicts = 0;
  server.answers.set('POST /api/v1/releases', () => {
    conflicts += 1;
    const body = { code: 'version_conflict', message: 'the role is at v2' };
    return conflicts === 1 ? { status: 409, body } : { status: 0, body };
  });
  const { exitCode, stderr } = await author.run(...publish('1.0.0'));
  expect(exitCode).toBe(0);
  expect(stderr).toContain('signing again');
});

test('a conflict that stays is an error that says what to do', async () => {
  const body = { code: 'version_conflict', message: 'the role is at v2' };
  server.answers.set('POST /api/v1/releases', () => ({ status: 409, body }));
  const { exitCode, stderr } = await author.run(...publish('1.0.0'));
  expect(exitCode).toBe(1);
  expect(stderr).toContain('the role is at v2 [version_conflict]');
  expect(server.requests.filter((route) => route === 'POST /api/v1/releases')).toHaveLength(2);
});

test('an archive that a device would refuse is not published', async () => {
  const archive = tarOf([{ path: '../evil', mode: 0o644, bytes: Buffer.from('evil') }]);
  const path = join(author.home, 'hostile.tar');
  await writeFile(path, archive);
  expect(await author.refused(...publish('1.0.0'), '--artifact', path)).toBe('archive_refused');
  expect(server.blobs.size).toBe(0);
});

test('an attestation about other bytes is not published', async () => {
  const path = join(author.home, 'other.tar');
  await writeFile(path, tarOf([{ path: 'a', mode: 0o644, bytes: Buffer.from('other') }]));
  const args = publish('1.0.0').map((each) => (each.endsWith('artifact.tar') ? path : each));
  const code = await author.refused(...args);
  expect(code).toBe('attestation_unknown');
});

test('a document that is no SBOM is not published', async () => {
  const path = join(folder, 'provenance.dsse.json');
  expect(await author.refused(...publish('1.0.0'), '--sbom', path)).toBe('sbom_unknown');
});

test('a product that nobody delegated to cannot have releases', async () => {
  const args = [...publish('1.0.0'), '--product', 'lock', '--hardware', 'nrf52'];
  expect(await author.refused(...args)).toBe('product_unknown');
});

test.each([
  ['an unknown class', '--class', 'urgent'],
  ['an epoch that is no whole number', '--epoch', '1.5'],
  ['a version that is no name', '--version', '../1'],
  ['a window over no time', '--window', '25:00-26:00'],
  ['a window that never opens', '--window', '02:00-02:00'],
  ['a window in two zones', '--window', '02:00-03:00@UTC@UTC'],
  ['a battery beyond full', '--battery', '101'],
  ['a battery of words', '--battery', '40,perhaps'],
  ['space of no unit', '--free', '5X'],
  ['no load at all', '--max-load', '0'],
  ['a day that does not exist', '--support-until', '2026-02-30'],
])('%s is wrong usage, exit code 2', async (_, option, value) => {
  const { exitCode, stderr } = await author.run(...publish('1.0.0'), option, value);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--help');
});

describe('a server that lies to the author', () => {
  test('by an older role is refused, and nothing is signed', async () => {
    await author.json(...publish('1.0.0'));
    await server.show({ gateway: server.files.get('1.gateway.json') ?? Buffer.of() });
    expect(await author.refused(...publish('1.0.1'))).toBe('version_rolled_back');
    expect(server.requests.filter((route) => route === 'POST /api/v1/releases')).toHaveLength(1);
  });

  test('by the roots of another system is refused', async () => {
    const other = await startFakeServer();
    const stranger = operatorAt(await newHome());
    await stranger.json('keys', 'init', '--server', other.url, '--token', other.token, '--single');
    await stranger.json('product', 'add', 'gateway', '--hardware', 'rpi3');
    server.files.clear();
    for (const [name, bytes] of other.files) server.files.set(name, bytes);
    await other.close();

    expect(await author.refused(...publish('1.0.0'))).toBe('threshold_not_met');
  });

  test('by a role that its own online keys signed is refused', async () => {
    const forged = { ...emptyTargets(new Date('2026-06-01T12:00:00Z')), version: 2 };
    await server.show({ gateway: await signMetadata(forged, Object.values(server.online)) });
    expect(await author.refused(...publish('1.0.0'))).toBe('threshold_not_met');
  });

  test('by a role that was changed after it was signed is refused', async () => {
    const role = server.files.get('1.gateway.json') ?? Buffer.of();
    const changed = Buffer.from(role).toString().replace('"version":1', '"version":2');
    await server.show({ gateway: Buffer.from(changed) });
    expect(await author.refused(...publish('1.0.0'))).toBe('threshold_not_met');
  });

  test('by withholding the repository is refused', async () => {
    server.files.clear();
    expect(await author.refused(...publish('1.0.0'))).toBe('metadata_missing');
  });

  test('by an endless file is refused', async () => {
    server.files.set('timestamp.json', Buffer.alloc(1_000_000, ' '));
    expect(await author.refused(...publish('1.0.0'))).toBe('metadata_too_large');
  });
});

test('a role that has expired is signed anew by the next release', async () => {
  const inDays = (days: number): Operator =>
    operatorAt(author.home, { now: () => new Date(Date.UTC(2026, 5, 1 + days, 12)) });
  await inDays(100).json('product', 'add', 'lock', '--hardware', 'nrf52'); // renews image targets

  await inDays(181).json(...publish('1.0.0'));

  const expires = signedOf(server.files.get('2.gateway.json') ?? Buffer.of())['expires'];
  expect(expires).toBe('2027-05-28T12:00:00Z');
});

test('image targets that have expired cannot be built on', async () => {
  const late = operatorAt(author.home, { now: () => new Date('2026-11-28T12:00:00Z') });
  expect(await late.refused(...publish('1.0.0'))).toBe('metadata_expired');

  const justInTime = operatorAt(author.home, { now: () => new Date('2026-11-28T11:59:59Z') });
  expect(await justInTime.json(...publish('1.0.0'))).toMatchObject({ version: '1.0.0' });
});

test('once accepted by the server, an older role is refused even before it was fetched again', async () => {
  const restore = server.remember();
  await author.json(...publish('1.0.0'));
  restore();
  expect(await author.refused(...publish('1.0.1'))).toBe('version_rolled_back');
});

test('a release that the server did not take does not lock the author out', async () => {
  const body = { code: 'sbom_invalid', message: 'no' };
  server.answers.set('POST /api/v1/releases', () => ({ status: 422, body }));
  expect(await author.refused(...publish('1.0.0'))).toBe('sbom_invalid');

  server.answers.clear();
  expect(await author.json(...publish('1.0.0'))).toMatchObject({ version: '1.0.0' });
});

test('a colleague needs only the root, the key of the product and a login', async () => {
  const home = await newHome();
  const colleague = operatorAt(home);
  await colleague.json('login', '--server', server.url, '--token', server.token);
  expect(await colleague.refused(...publish('1.0.0', '--hardware', 'rpi4'))).toBe('no_root');

  for (const file of ['metadata/image/1.root.json', 'keys/gateway.key.json']) {
    await cp(join(author.home, file), join(home, file));
  }
  expect(await colleague.refused(...publish('1.0.0'))).toBe('hardware_unknown');
  expect(await colleague.json(...publish('1.0.0', '--hardware', 'rpi4'))).toMatchObject({
    version: '1.0.0',
  });
});

test('a warning comes in time before image targets runs out', async () => {
  const late = operatorAt(author.home, { now: () => new Date('2026-11-01T00:00:00Z') });
  expect((await late.run(...publish('1.0.0'))).stderr).toContain('image targets expires on');
  expect((await author.run(...publish('1.0.1'))).stderr).not.toContain('expires on');
});

test('a server that publishes another manifest than it was given is found out', async () => {
  const body = {
    ...{ product: 'gateway', version: '1.0.0', manifestSha256: 'f'.repeat(64), securityEpoch: 1 },
    ...{ class: 'functional', hardwareIds: ['rpi4'], state: 'published', publishedAt: 'now' },
  };
  server.answers.set('POST /api/v1/releases', () => ({ status: 201, body }));
  expect(await author.refused(...publish('1.0.0'))).toBe('server_answer_malformed');
});

test('several artifacts are published together, each with what will stand of it', async () => {
  const image = join(folder, 'boot.img');
  await writeFile(image, 'a kernel');
  const archive = join(folder, 'artifact.tar');
  const { manifestSha256 } = await author.json(
    ...['release', 'publish', '--product', 'gateway', '--version', '2.0.0', '--epoch', '1'],
    ...['--class', 'functional', '--sbom', join(folder, 'sbom.cdx.json')],
    ...['--artifact', `kernel=${image}:image`, '--artifact', `app=${archive}`],
    ...['--attestation', join(folder, 'provenance.dsse.json')],
  );

  const bytes = [...server.files.values()].find((each) => sha256Hex(each) === manifestSha256);
  const manifest = JSON.parse(Buffer.from(bytes ?? '{}').toString()) as { artifacts: unknown[] };
  expect(manifest.artifacts).toMatchObject([
    {
      component: 'kernel',
      installer: 'image',
      installed: { sha256: sha256Hex(Buffer.from('a kernel')), length: 8 },
    },
    { component: 'app', installer: 'archive', sha256: sha256Hex(await readFile(archive)) },
  ]);
  expect([...server.blobs.values()].map(String)).toContain('a kernel');
});
