import { signerFromSeed } from '../../shared/crypto/signer.ts';
import { signDsse } from '../../shared/dsse.ts';
import { bundleBytes } from '../../shared/protocol/bundle.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import type { Report } from '../../shared/protocol/report.ts';
import { manifestBytes, type ManifestFile } from '../../shared/release/manifest.ts';
import { NO_FLOORS, plainFloors } from '../../shared/trust/floors.ts';
import { makeRepository } from '../bench/trust/made-repository.ts';

const sha256 = 'a'.repeat(64);

const manifest: ManifestFile = {
  schema: 'sealift.manifest/1',
  product: 'gateway',
  version: '1.0.0',
  securityEpoch: 1,
  hardwareIds: ['rpi4'],
  class: 'security',
  artifacts: [
    {
      component: 'rootfs',
      installer: 'archive',
      fileName: 'rootfs.tar',
      mediaType: 'application/x-tar',
      length: 4,
      sha256,
    },
  ],
  conditions: { window: { from: '22:00', to: '04:00' } },
};

const release = { product: 'gateway', version: '1.0.0', manifestSha256: sha256 };
const report: Report = {
  schema: 'sealift.report/1',
  device: 'gw-1',
  number: 7,
  at: '2026-06-01T12:00:00Z',
  bootId: 'boot',
  agent: '0.1.0',
  running: { release, installedSha256: null, slot: 'a', securityEpoch: 1 },
  event: { kind: 'refused', release: null, path: null, code: 'wrong_device', detail: 'no' },
};

// What each has once been somebody's parser differential or crash.
const NASTY = [
  '{"a":1,"a":2}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{}}}',
  '[1e400,-0,1.0,01,9007199254740993]',
  '"\\ud800"',
  '"\\u0000\\uffff\\ud83d\\ude00"',
  '\ufeff{}',
  '{"signatures":[{"keyid":"","sig":""}],"signed":null}',
  '['.repeat(40) + ']'.repeat(40),
  '',
];

/** One valid file of every kind we read, and some that were made to hurt. */
export async function seedCorpus(): Promise<readonly Uint8Array[]> {
  const { firstRoot, files } = await makeRepository(2);
  const signer = signerFromSeed(Buffer.alloc(32, 1));
  const payload = Buffer.from(JSON.stringify(report));
  const envelope = await signDsse(MEDIA_TYPES.report, payload, [signer]);
  const texts = [report, envelope, signer.publicKey, plainFloors(NO_FLOORS)].map((value) =>
    JSON.stringify(value),
  );
  return [
    firstRoot,
    ...files.values(),
    manifestBytes(manifest),
    bundleBytes(files),
    ...[...texts, ...NASTY].map((text) => Buffer.from(text)),
  ];
}
