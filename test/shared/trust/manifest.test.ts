// TUF 5.7.3 and after it: a release manifest is the bytes that were signed, and says what they say of it.
import { describe, expect, test } from 'vitest';
import { hexDigest } from '../../../shared/crypto/digest.ts';
import type { TargetFile } from '../../../shared/metadata/targets.ts';
import { manifestBytes, type ManifestFile } from '../../../shared/release/manifest.ts';
import { acceptManifest, readConditions } from '../../../shared/trust/manifest.ts';
import { refusal } from '../../support/tuf-device.ts';
import { testManifest } from '../../support/uptane-simulator.ts';

const PATH = 'gateway/1.0.0/manifest.json';
const MUST_MATCH = { securityEpoch: 1, hardwareIds: ['rpi3', 'rpi4'], releaseCounter: 1 };

function named(bytes: Uint8Array, changes: Partial<TargetFile> = {}): TargetFile {
  const hashes = { sha256: hexDigest('sha256', bytes) };
  return { length: bytes.length, hashes, custom: { mustMatch: MUST_MATCH }, ...changes };
}

function accept(changes: Partial<ManifestFile>, path = PATH): () => unknown {
  const bytes = manifestBytes(testManifest('1.0.0', changes));
  return () => acceptManifest(bytes, { path, file: named(bytes) });
}

test('a manifest that is what was signed is accepted', () => {
  expect(accept({})()).toMatchObject({ product: 'gateway', version: '1.0.0' });
});

test.each([
  ['one byte more', { length: 1 }],
  ['another hash', { hashes: { sha256: 'e'.repeat(64) } }],
])('a manifest of which the author signed %s is another file', (_what, changes) => {
  const bytes = manifestBytes(testManifest('1.0.0'));
  const read = (): unknown => acceptManifest(bytes, { path: PATH, file: named(bytes, changes) });

  expect(read).toThrow(refusal('manifest_hash_mismatch'));
  expect(read).toThrow(`${PATH} is not the file that was signed`);
});

test.each([
  [{ product: 'camera' }, PATH, `${PATH} calls itself camera 1.0.0`],
  [{ version: '1.0.1' }, PATH, `${PATH} calls itself gateway 1.0.1`],
  [{}, 'gateway/manifest.json', 'gateway/manifest.json calls itself gateway 1.0.0'],
  [{ securityEpoch: 2 }, PATH, `${PATH} has other epoch or boards than its target`],
  [{ hardwareIds: ['rpi3'] }, PATH, `${PATH} has other epoch or boards than its target`],
])('a manifest with %j at %s does not belong there', (changes, path, sentence) => {
  expect(accept(changes, path)).toThrow(refusal('manifest_mismatched'));
  expect(accept(changes, path)).toThrow(sentence);
});

test.each([
  ['no JSON', '{', /^gateway\/1\.0\.0\/manifest\.json: /],
  ['not an object', '[]', /^gateway\/1\.0\.0\/manifest\.json( at )?: /],
  [
    'wrong somewhere inside',
    JSON.stringify({ ...testManifest('1.0.0'), artifacts: [{ component: '' }] }),
    /^gateway\/1\.0\.0\/manifest\.json at artifacts\.0\./,
  ],
])('a manifest that is %s is malformed, and it says where', (_what, text, sentence) => {
  const bytes = Buffer.from(text);
  const read = (): unknown => acceptManifest(bytes, { path: PATH, file: named(bytes) });

  expect(read).toThrow(refusal('manifest_malformed'));
  expect(read).toThrow(sentence);
});

describe('its conditions', () => {
  const conditionsOf = (conditions?: object | null): unknown => {
    const changes = conditions === undefined ? {} : { conditions: conditions as never };
    const bytes = manifestBytes(testManifest('1.0.0', changes));
    return readConditions(acceptManifest(bytes, { path: PATH, file: named(bytes) }));
  };

  test('are none unless it has some', () => {
    expect(conditionsOf()).toEqual({});
    expect(conditionsOf({ window: { from: '22:00', to: '04:00' } })).toMatchObject({
      window: { from: '22:00', to: '04:00' },
    });
  });

  test.each([
    [{ moonPhase: 'full' }, 'its conditions {"moonPhase":"full"} are not for us: '],
    [{ battery: {} }, 'its conditions {"battery":{}} are not for us: asks for nothing'],
    [null, 'its conditions null are not for us: '],
    [[], 'its conditions [] are not for us: '],
    [{ x: 'y'.repeat(1_000) }, `its conditions {"x":"${'y'.repeat(194)} are not for us: `],
  ])('are refused, never skipped, and it repeats them: %j', (conditions, sentence) => {
    expect(() => conditionsOf(conditions)).toThrow(refusal('condition_unsupported'));
    expect(() => conditionsOf(conditions)).toThrow(sentence);
  });
});
