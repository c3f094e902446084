import { expect, test } from 'vitest';
import { signDsse } from '../../../shared/dsse.ts';
import { ManifestSchema } from '../../../shared/release/manifest.ts';
import { attestationFault } from '../../../server/releases/attestation.ts';
import { testKey } from '../../support/test-key.ts';
import { testRelease } from '../../support/test-release.ts';

const manifest = ManifestSchema.parse((await testRelease('1.0.0')).manifest);
const ref = { predicateType: 'https://slsa.dev/provenance/v1', sha256: 'a'.repeat(64), length: 1 };
const artifact = manifest.artifacts[0]?.sha256 ?? '';
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'artifact.tar', digest: { sha256: artifact } }],
  predicateType: ref.predicateType,
  predicate: {},
};

async function faultOf(
  change: object = {},
  payloadType = 'application/vnd.in-toto+json',
): Promise<string | undefined> {
  const payload = Buffer.from(JSON.stringify({ ...statement, ...change }));
  const envelope = await signDsse(payloadType, payload, [testKey('builder')]);
  return attestationFault(Buffer.from(JSON.stringify(envelope)), ref, manifest);
}

test('a statement about an artifact of the release belongs to it', async () => {
  expect(await faultOf()).toBeUndefined();
  expect(
    await faultOf({ subject: [{ digest: { sha256: 'b'.repeat(64) } }, ...statement.subject] }),
  ).toBeUndefined();
});

test.each([
  ['of other bytes', { subject: [{ digest: { sha256: 'b'.repeat(64) } }] }, 'no artifact'],
  ['of nothing', { subject: [] }, 'no in-toto statement'],
  ['with another digest only', { subject: [{ digest: { sha512: artifact } }] }, 'no artifact'],
  ['of another type than the manifest says', { predicateType: 'https://x' }, 'the manifest says'],
  ['that is no statement', { _type: 'https://example.com' }, 'no in-toto statement'],
])('a statement %s does not', async (_name, change, says) => {
  expect(await faultOf(change)).toContain(says);
});

test('another payload type is not an attestation', async () => {
  expect(await faultOf({}, 'application/vnd.sealift.report+json')).toContain('is of type');
});

test.each(['', '{', 'null', '{"payloadType":"x"}'])('%j is no envelope', (text) => {
  expect(attestationFault(Buffer.from(text), ref, manifest)).toContain('not a DSSE envelope');
});
