import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../shared/metadata/limits.ts';
import { SnapshotSchema } from '../../../shared/metadata/snapshot.ts';
import { signMetadata } from '../../../shared/metadata/sign-metadata.ts';
import { JsonError } from '../../../shared/metadata/strict-json.ts';
import { openFile, readContent, requireThreshold } from '../../../shared/trust/signed-file.ts';
import { testKey } from '../../support/test-key.ts';
import { refusal } from '../../support/tuf-device.ts';

const SNAPSHOT = {
  _type: 'snapshot',
  spec_version: '1.0.34',
  version: 1,
  expires: '2027-01-01T00:00:00Z',
  meta: {},
} as const;

function envelope(signatures: readonly object[], more: object = {}): Uint8Array {
  return Buffer.from(JSON.stringify({ signatures, signed: {}, ...more }));
}

const sig = (bytes: number): string => 'aB'.repeat(bytes);

describe('an envelope', () => {
  const many = (count: number): object[] =>
    Array.from({ length: count }, (_, n) => ({ keyid: `key ${n}`, sig: 'ab' }));

  test.each([
    ['no signature yet', []],
    ['a holder who has not signed yet', [{ keyid: 'a', sig: '' }]],
    ['the longest keyid', [{ keyid: 'k'.repeat(256), sig: 'ab' }]],
    ['the longest signature', [{ keyid: 'a', sig: sig(1_024) }]],
    ['as many signatures as may be', many(LIMITS.signatures)],
    ['a field that nobody knows', [{ keyid: 'a', sig: 'ab', more: 1 }]],
  ])('with %s is opened', (_what, signatures) => {
    const file = openFile('snapshot', envelope(signatures, { more: 1 }));

    expect(file.signatures).toHaveLength(signatures.length);
    expect(file.bytes).toEqual(envelope(signatures, { more: 1 }));
  });

  test.each<readonly [string, readonly object[], string]>([
    ['a keyid too long', [{ keyid: 'k'.repeat(257), sig: 'ab' }], 'at signatures.0.keyid'],
    ['a signature too long', [{ keyid: 'a', sig: sig(1_025) }], 'at signatures.0.sig'],
    ['half a byte', [{ keyid: 'a', sig: 'abc' }], 'at signatures.0.sig'],
    ['a signature that is no hex', [{ keyid: 'a', sig: 'xyab' }], 'at signatures.0.sig'],
    ['hex and something after it', [{ keyid: 'a', sig: 'ab\n' }], 'at signatures.0.sig'],
    ['hex and something before it', [{ keyid: 'a', sig: '-ab' }], 'at signatures.0.sig'],
    ['no keyid', [{ sig: 'ab' }], 'at signatures.0.keyid'],
    ['one signature too many', many(LIMITS.signatures + 1), 'at signatures'],
    ['a keyid twice', [...many(2), ...many(1)], 'a keyid signs twice'],
  ])('with %s is malformed, and it says where', (_what, signatures, where) => {
    const open = (): unknown => openFile('snapshot', envelope(signatures));

    expect(open).toThrow(refusal('metadata_malformed'));
    expect(open).toThrow(`snapshot at signatures`);
    expect(open).toThrow(where);
  });

  test('that is not even an object says so of the whole', () => {
    expect(() => openFile('snapshot', Buffer.from('[]'))).toThrow(/^snapshot: /);
  });

  test('that is no JSON keeps what the parser said', () => {
    expect(() => openFile('snapshot', Buffer.from('{'))).toThrow(
      expect.objectContaining({
        code: 'metadata_malformed',
        cause: expect.any(JsonError) as unknown,
      }),
    );
  });
});

describe('its content', () => {
  const read = (signed: object): unknown =>
    readContent('snapshot', openFile('snapshot', envelope([], { signed })), SnapshotSchema);

  test('is read by its schema, and named by the hash of what was signed', () => {
    expect(read({ ...SNAPSHOT, more: 1 })).toMatchObject({
      content: { version: 1 },
      contentSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
  });

  test('of another version of the specification has a refusal of its own', () => {
    expect(() => read({ ...SNAPSHOT, spec_version: '2.0.0' })).toThrow(
      refusal('spec_version_unsupported'),
    );
    expect(() => read({ ...SNAPSHOT, version: 0 })).toThrow(refusal('metadata_malformed'));
  });
});

describe('a threshold', () => {
  const [one, two, three] = [testKey('one'), testKey('two'), testKey('three')] as const;
  const keys = new Map([one, two, three].map(({ keyId, publicKey }) => [keyId, publicKey]));
  const role = { keyids: [one.keyId, two.keyId], threshold: 2 };

  async function check(signers: readonly (typeof one)[], threshold = 2): Promise<void> {
    const file = openFile('snapshot', await signMetadata(SNAPSHOT, signers));
    requireThreshold('snapshot', file, { ...role, threshold }, keys);
  }

  test('is met by so many keys of the role, whoever else signed, in any order', async () => {
    await check([one, two]);
    await check([three, testKey('stranger'), two, one]);
    await check([two], 1);
  });

  test.each([
    ['one key too few', [one], 1],
    ['a key that is listed but not of the role', [one, three], 1],
    ['a key that nobody lists', [testKey('stranger'), two], 1],
    ['nobody', [], 0],
  ] as const)('is not met by %s', async (_who, signers, counted) => {
    await expect(check(signers)).rejects.toEqual(refusal('threshold_not_met'));
    await expect(check(signers)).rejects.toThrow(
      `snapshot is signed by ${counted} of the 2 keys it needs`,
    );
  });
});
