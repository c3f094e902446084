import { expect, test } from 'vitest';
import { buildManifest, type ReleaseFacts } from '../../../operator/author/build-manifest.ts';
import { emptyTargets } from '../../../operator/author/first-metadata.ts';
import { withDelegation, withRelease } from '../../../operator/author/next-targets.ts';
import type { ComponentArtifact, ReleaseFiles } from '../../../operator/author/release-files.ts';
import { ed25519Key } from '../../../shared/crypto/public-key.ts';
import { newSeed, publicHexOf } from '../../../shared/crypto/ed25519.ts';
import { manifestBytes } from '../../../shared/release/manifest.ts';

const now = new Date('2026-06-01T12:00:00Z');
const FACTS: ReleaseFacts = {
  product: 'gateway',
  version: '1.2.0',
  hardwareIds: ['rpi3', 'rpi4'],
  securityEpoch: 2,
  class: 'security',
  notes: undefined,
  advisories: [],
  supportUntil: undefined,
};
const ARCHIVE: ComponentArtifact = {
  component: 'firmware',
  path: '/build/out/artifact.tar',
  installer: 'archive',
  mediaType: 'application/x-tar',
  length: 10_240,
  sha256: 'a'.repeat(64),
  installedSha256: 'b'.repeat(64),
  installedLength: undefined,
};
const FILES: ReleaseFiles = {
  artifacts: [ARCHIVE],
  sbom: undefined,
  attestations: [],
};

test('a manifest says what the files are, and never where they lay', () => {
  const manifest = buildManifest(FACTS, FILES);
  expect(manifest).toEqual({
    schema: 'sealift.manifest/1',
    product: 'gateway',
    version: '1.2.0',
    securityEpoch: 2,
    hardwareIds: ['rpi3', 'rpi4'],
    class: 'security',
    artifacts: [
      {
        component: 'firmware',
        installer: 'archive',
        fileName: 'artifact.tar',
        mediaType: 'application/x-tar',
        sha256: 'a'.repeat(64),
        length: 10_240,
        installed: { sha256: 'b'.repeat(64) },
      },
    ],
    attestations: [],
    advisories: [],
  });
  expect(Buffer.from(manifestBytes(manifest)).toString()).not.toContain('/build');
});

test('what an author adds stands in the manifest', () => {
  const more = {
    notes: 'Mends the gateway.',
    advisories: ['CVE-2026-0001'],
    supportUntil: '2031-12-31',
    conditions: { window: { from: '22:00', to: '05:30' } },
  };
  const sbom = {
    path: 's.json',
    mediaType: 'application/spdx+json',
    length: 9,
    sha256: 'c'.repeat(64),
  };
  const manifest = buildManifest({ ...FACTS, ...more }, { ...FILES, sbom });
  expect(manifest).toMatchObject(more);
  expect(manifest.sbom).toEqual({
    mediaType: 'application/spdx+json',
    length: 9,
    sha256: 'c'.repeat(64),
  });
});

test.each([
  ['a board is named twice', { hardwareIds: ['rpi3', 'rpi3'] }],
  ['the notes are a book', { notes: 'x'.repeat(16_385) }],
  ['there is no board', { hardwareIds: [] }],
  [
    'its window is in no known zone',
    { conditions: { window: { from: '01:00', to: '02:00', zone: 'Mars/Olympus' } } },
  ],
])('a manifest that no device could read is not made: %s', (_, change) => {
  expect(() => buildManifest({ ...FACTS, ...change }, FILES)).toThrow(
    expect.objectContaining({ code: 'release_invalid' }),
  );
});

test('a file name that no device takes is refused by name', () => {
  const artifacts = [{ ...ARCHIVE, path: '/build/my firmware.tar' }];
  expect(() => buildManifest(FACTS, { ...FILES, artifacts })).toThrow(/artifacts\.0\.fileName/);
});

test('several artifacts stand in the order in which they are installed', () => {
  const image = { ...ARCHIVE, component: 'kernel', installer: 'image' as const };
  const artifacts = [{ ...image, installedLength: 65_536 }, ARCHIVE];

  const manifest = buildManifest(FACTS, { ...FILES, artifacts });

  expect(manifest.artifacts).toMatchObject([
    { component: 'kernel', installed: { sha256: 'b'.repeat(64), length: 65_536 } },
    { component: 'firmware', installed: { sha256: 'b'.repeat(64) } },
  ]);
  expect(manifest.artifacts[1]?.installed).not.toHaveProperty('length');
});

test('two artifacts of one component are refused: one would write over the other', () => {
  const artifacts = [ARCHIVE, ARCHIVE];
  expect(() => buildManifest(FACTS, { ...FILES, artifacts })).toThrow(/listed twice/);
});

test('a delegation gives a product its own names and no others, and nobody after it', () => {
  const key = ed25519Key(publicHexOf(newSeed()));
  const next = withDelegation(emptyTargets(now), 'gateway', { keys: [key], threshold: 1 }, now);
  expect(next.version).toBe(2);
  expect(next.delegations?.roles).toEqual([
    expect.objectContaining({
      name: 'gateway',
      paths: ['gateway/*/*'],
      terminating: true,
      threshold: 1,
    }),
  ]);
});

test('fields that a newer program wrote into a role survive this one', () => {
  const role = { ...emptyTargets(now), 'x-from-the-future': { a: 1 } };
  const next = withRelease(role, FACTS as never, Buffer.from('{}'), now);
  expect(next).toMatchObject({ 'x-from-the-future': { a: 1 }, version: 2 });
});
