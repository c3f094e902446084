// A1, A13 behind the metadata: the signatures are right, and what comes with them is not.
// Whoever signed it or sends it, a device that runs 1.0.0 goes on running 1.0.0, whole.
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { END_OF_ARCHIVE, headerBlocks } from '../../firmware-fixtures/archive.ts';
import { hostileArchives } from '../../firmware-fixtures/hostile/hostile.ts';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { signDsse } from '../../shared/dsse.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import type { RefusalCode } from '../../shared/trust/refusal.ts';
import { startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import {
  archiveOf,
  imageOf,
  offerArtifacts,
  type OfferedArtifact,
} from '../support/offer-artifacts.ts';
import { provisionDevice, type TestDevice } from '../support/test-agent.ts';
import { offerRelease } from '../support/test-archive.ts';
import { testKey } from '../support/test-key.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // on a busy machine

let server: DeviceServer;
let device: TestDevice;

const image = (slot: string): string => join(device.folder, 'images', `kernel-${slot}`);
const kernel = (version: string): OfferedArtifact =>
  imageOf('kernel', Buffer.from(`kernel ${version}`));

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
  await mkdir(join(device.folder, 'images'));
  for (const slot of ['a', 'b']) await writeFile(image(slot), `factory ${slot}`);
  await device.configure({ slots: { kernel: { a: 'images/kernel-a', b: 'images/kernel-b' } } });
  offerArtifacts(server, '1.0.0', [kernel('1.0.0'), archiveOf('app', '1.0.0')]);
  expect(await device.runOnce()).toBe('committed');
});

afterEach(() => server.stop());

/** What the author signed, with other bytes: as if the author had signed those. */
function signedOver({ artifact }: OfferedArtifact, bytes: Buffer): OfferedArtifact {
  return { artifact: { ...artifact, sha256: sha256Hex(bytes), length: bytes.length }, bytes };
}

function changed({ artifact, bytes }: OfferedArtifact, change: object): OfferedArtifact {
  return { artifact: { ...artifact, ...change }, bytes };
}

const app = (): OfferedArtifact => archiveOf('app', '1.1.0');
const escape = Buffer.concat([
  headerBlocks({ type: 'File', path: '../escaped', mode: 0o644, size: 0 }),
  END_OF_ARCHIVE,
]);
const tooMuch = Buffer.concat([
  headerBlocks({ type: 'File', path: 'bomb', mode: 0o644, size: 2 ** 40 }),
  END_OF_ARCHIVE,
]);
const packed = gzipSync(Buffer.from('kernel 1.1.0'));
const gzip = { mediaType: 'application/gzip' };

/** Each of these is correctly signed by the product: stolen keys, or a mistake of the author. */
const SIGNED: readonly (readonly [
  string,
  RefusalCode,
  () => OfferedArtifact | Promise<OfferedArtifact>,
])[] = [
  ['an archive that is none', 'archive_malformed', () => signedOver(app(), Buffer.alloc(600, 'x'))],
  ['an entry outside the slot', 'archive_entry_refused', () => signedOver(app(), escape)],
  ['a bomb', 'archive_too_large', () => signedOver(app(), tooMuch)],
  [
    'a program with rights that this device cannot give',
    'restore_unsupported',
    async () => signedOver(app(), await archiveWithLostRights()),
  ],
  [
    'a word of a later agent for what must be restored',
    'restore_unsupported',
    () => changed(app(), { restore: ['owners', 'labels'] }),
  ],
  [
    'rights to be restored of an image, which has none',
    'restore_unsupported',
    () => changed(kernel('1.1.0'), { restore: ['owners'] }),
  ],
  [
    'another tree than signed',
    'installed_digest_mismatch',
    () => changed(app(), { installed: { sha256: '0'.repeat(64) } }),
  ],
  [
    'an installer that is not here',
    'installer_unsupported',
    () => changed(app(), { installer: 'module:docker' }),
  ],
  [
    'an image for a place that is not here',
    'component_unknown',
    () => imageOf('bootloader', Buffer.from('evil')),
  ],
  [
    'an image without its digest',
    'installed_digest_missing',
    () => changed(kernel('1.1.0'), { installed: undefined }),
  ],
  [
    'an image that takes more memory to unpack than a device gives',
    'compression_unsupported',
    () => signedOver(changed(kernel('1.1.0'), { mediaType: 'application/x-xz' }), hungryXz()),
  ],
  [
    'a packed image cut short',
    'image_malformed',
    () => signedOver(changed(kernel('1.1.0'), gzip), packed.subarray(0, -9)),
  ],
  [
    'a packed image of more than it says',
    'image_length_mismatch',
    () => {
      const bomb = gzipSync(Buffer.alloc(2 ** 20));
      return signedOver(changed(kernel('1.1.0'), gzip), bomb);
    },
  ],
];

/** A program with a capability: unpacked without, it would be another program than signed. */
async function archiveWithLostRights(): Promise<Buffer> {
  const sizes = { bombBytes: 1, entryCount: 1, depth: 1, nameLength: 1 };
  const archives = hostileArchives({ outside: '/nowhere', ...sizes });
  const found = archives.find(({ name }) => name === 'lost-capability');
  if (found === undefined) throw new Error('bug: no such archive');
  return found.build();
}

/** Asks for a dictionary of 256 MiB. Without `xz` here, the device has none either and says the same. */
function hungryXz(): Buffer {
  const options = ['-c', '--lzma2=preset=9,dict=256MiB'];
  const { stdout } = spawnSync('xz', options, { input: Buffer.alloc(2 ** 20, 'kernel') });
  return stdout instanceof Buffer ? stdout : Buffer.from('no xz here');
}

async function expectOldRelease(code: RefusalCode): Promise<void> {
  expect(server.reports.at(-1)?.event).toMatchObject({ kind: 'refused', code });
  expect(server.reports.at(-1)?.running).toMatchObject({ release: { version: '1.0.0' } });
  expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
  expect(await readFile(image('a'), 'utf8')).toBe('kernel 1.0.0');
  expect(await readdir(device.folder)).not.toContain('escaped');
  expect(await readdir(join(device.folder, 'slots'))).not.toContain('escaped');
}

async function expectNextHonestOne(): Promise<void> {
  offerArtifacts(server, '1.2.0', [kernel('1.2.0'), archiveOf('app', '1.2.0')]);
  expect(await device.runOnce()).toBe('committed');
  expect(await device.running()).toEqual({ slot: 'b', version: '1.2.0' });
}

describe('a device', () => {
  test.each(SIGNED)(
    'refuses %s as %s, and takes the next honest release',
    async (_, code, make) => {
      const offered = await make();
      const other = offered.artifact.component === 'app' ? kernel('1.1.0') : app();
      offerArtifacts(server, '1.1.0', [other, offered]);

      expect(await device.runOnce()).toBe('refused');

      await expectOldRelease(code);
      await expectNextHonestOne();
    },
  );

  test.each([
    ['other bytes of the same length', 'artifact_hash_mismatch', (honest: Buffer) => spoil(honest)],
    ['fewer bytes', 'artifact_length_mismatch', (honest: Buffer) => honest.subarray(0, 700)],
    [
      'more bytes',
      'artifact_length_mismatch',
      (honest: Buffer) => Buffer.concat([honest, Buffer.alloc(9)]),
    ],
  ] as const)('refuses %s than were signed as %s', async (_what, code, attack) => {
    const honest = app();
    offerArtifacts(server, '1.1.0', [kernel('1.1.0'), honest]);
    server.blobs.set(honest.artifact.sha256, attack(honest.bytes));

    expect(await device.runOnce()).toBe('refused');

    await expectOldRelease(code);
    expect(await readFile(image('b'), 'utf8')).toBe('factory b'); // nothing at all was installed
    await expectNextHonestOne();
  });

  test('does not try again what has failed on it, however often it is assigned', async () => {
    await device.configure({
      slots: { kernel: { a: 'images/kernel-a', b: 'images/kernel-b' } },
      trial: {
        probes: [{ kind: 'command', command: ['/bin/false'] }],
        holdSeconds: 0,
        deadlineSeconds: 0.2,
        intervalSeconds: 0.02,
      },
    });
    offerArtifacts(server, '1.1.0', [kernel('1.1.0'), app()]);
    expect(await device.runOnce()).toBe('rolled_back');
    server.fleet.assign('gateway/1.1.0/manifest.json'); // signed once more by the server

    expect(await device.runOnce()).toBe('refused');

    await expectOldRelease('release_failed_before');
  });
});

function spoil(honest: Buffer): Buffer {
  const bytes = Buffer.from(honest);
  bytes.write('evil', 600);
  return bytes;
}

describe('a device that asks where a release comes from', () => {
  const BUILDER = 'https://builder.example/a';
  const SLSA = 'https://slsa.dev/provenance/v1';
  const honest = testKey('builder');

  /** An attestation that says who built `app` 1.1.0, signed by `signer`. */
  async function provenanceBy(signer: typeof honest): Promise<Buffer> {
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [app(), kernel('1.1.0')].map(({ artifact }) => ({
        name: artifact.fileName,
        digest: { sha256: artifact.sha256 },
      })),
      predicateType: SLSA,
      predicate: { runDetails: { builder: { id: BUILDER } } },
    };
    const payload = Buffer.from(JSON.stringify(statement));
    return Buffer.from(JSON.stringify(await signDsse(MEDIA_TYPES.statement, payload, [signer])));
  }

  /** Publishes 1.1.0 with this attestation named, and `served` where it should be. */
  function offer(named: Buffer | undefined, served = named): void {
    const offered = [kernel('1.1.0'), app()];
    for (const { artifact, bytes } of offered) server.blobs.set(artifact.sha256, bytes);
    const artifacts = offered.map(({ artifact }) => artifact);
    const attestations = (named === undefined ? [] : [named]).map((bytes) => {
      server.blobs.set(sha256Hex(bytes), served ?? bytes);
      return { predicateType: SLSA, sha256: sha256Hex(bytes), length: bytes.length };
    });
    offerRelease(server, '1.1.0', { artifacts, attestations });
  }

  beforeEach(async () => {
    const keys = [honest.publicKey];
    await device.configure({
      slots: { kernel: { a: 'images/kernel-a', b: 'images/kernel-b' } },
      policy: { provenance: { threshold: 1, builders: [{ id: BUILDER, keys }] } },
    });
  });

  test('installs what its builder has attested', async () => {
    offer(await provenanceBy(honest));

    expect(await device.runOnce()).toBe('committed');
  });

  test('refuses a release without provenance', async () => {
    offer(undefined);

    expect(await device.runOnce()).toBe('refused');
    await expectOldRelease('provenance_missing');
  });

  test('refuses a provenance by somebody else', async () => {
    offer(await provenanceBy(testKey('stranger')));

    expect(await device.runOnce()).toBe('refused');
    await expectOldRelease('provenance_untrusted');
  });

  test('refuses a good provenance that is not the signed one', async () => {
    const signed = await provenanceBy(honest);
    const other = await provenanceBy(testKey('stranger'));
    offer(other, Buffer.concat([signed.subarray(0, other.length - 1), Buffer.from(' ')]));

    expect(await device.runOnce()).toBe('refused');
    await expectOldRelease('attestation_hash_mismatch');
  });
});

test('a device that insists on an SBOM refuses a release without, and only then', async () => {
  const slots = { kernel: { a: 'images/kernel-a', b: 'images/kernel-b' } };
  await device.configure({ slots, policy: { requireSbom: true } });
  offerArtifacts(server, '1.1.0', [kernel('1.1.0'), app()]);
  expect(await device.runOnce()).toBe('refused');
  await expectOldRelease('sbom_missing');

  await device.configure({ slots, policy: { requireSbom: false } });
  await expectNextHonestOne();
});
