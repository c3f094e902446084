import { expect, test } from 'vitest';
import { judgeFile } from '../../scripts/wycheproof/judge-file.ts';
import { ed25519Cases } from '../shared/crypto/ed25519-cases.ts';
import { p256Cases } from '../shared/crypto/p256-cases.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface Case {
  readonly name: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** A file in the form of Wycheproof that says the same `result` of every case. */
function fileOf(cases: readonly (Case & { readonly key: object })[], result: string): string {
  const testGroups = cases.map(({ key, name, message, signature }, index) => ({
    publicKey: key,
    tests: [{ tcId: index + 1, comment: name, msg: hex(message), sig: hex(signature), result }],
  }));
  return JSON.stringify({ algorithm: 'any', testGroups });
}

const ed25519 = ed25519Cases().map((one) => ({ ...one, key: { pk: one.publicHex } }));
const p256 = p256Cases().map((one) => ({ ...one, key: { uncompressed: one.publicHex } }));

test('a file that tells the truth is answered as it says, by every engine', () => {
  const forged = ed25519.filter(({ isValid }) => !isValid);
  const honest = p256.filter(({ isValid }) => isValid);

  expect(judgeFile('ed25519_test.json', fileOf(forged, 'invalid'))).toEqual({
    vectors: forged.length,
    differences: [],
  });
  expect(judgeFile('ecdsa_secp256r1_sha256_test.json', fileOf(honest, 'valid'))).toEqual({
    vectors: honest.length,
    differences: [],
  });
});

test('an answer that differs is told with its number and engine', () => {
  const honest = ed25519.filter(({ isValid }) => isValid).slice(0, 1);

  expect(judgeFile('ed25519_test.json', fileOf(honest, 'invalid')).differences).toEqual([
    '#1 an honest signature: noble says true',
    '#1 an honest signature: node:crypto says true',
  ]);
});

test('what Wycheproof calls acceptable may be answered either way', () => {
  expect(
    judgeFile('ecdsa_secp256r1_sha256_test.json', fileOf(p256, 'acceptable')).differences,
  ).toEqual([]);
});

test('a file in another form is not a file without differences', () => {
  expect(() => judgeFile('ed25519_test.json', '{"testGroups":[]}')).toThrow();
});
