import { describe, expect, test } from 'vitest';
import { hexDigest } from '../../../shared/crypto/digest.ts';
import { hasHashes, requireNamedBytes } from '../../../shared/trust/named-by-parent.ts';
import { refusal } from '../../support/tuf-device.ts';

const BYTES = Buffer.from('bytes');
const sha256 = hexDigest('sha256', BYTES);
const sha512 = hexDigest('sha512', BYTES);
const wrong = { sha256: '0'.repeat(64), sha512: '0'.repeat(128) };

describe('bytes with several hashes', () => {
  test.each([[{ sha256 }], [{ sha512 }], [{ sha256, sha512 }]])('have %j', (hashes) => {
    expect(hasHashes(BYTES, hashes)).toBe(true);
  });

  test.each([
    [{ sha256: wrong.sha256 }],
    [{ sha512: wrong.sha512 }],
    [{ sha256, sha512: wrong.sha512 }],
    [{ sha256: wrong.sha256, sha512 }],
  ])('do not have %j: every one must be right', (hashes) => {
    expect(hasHashes(BYTES, hashes)).toBe(false);
  });
});

describe('what a parent names', () => {
  test.each([
    ['nothing but the version', {}],
    ['the length', { length: 5 }],
    ['the hash', { hashes: { sha256 } }],
    ['both', { length: 5, hashes: { sha256 } }],
  ])('%s: these bytes are it', (_what, named) => {
    expect(() => {
      requireNamedBytes('snapshot', BYTES, { version: 1, ...named });
    }).not.toThrow();
  });

  test.each([
    ['a longer file', { length: 6 }, 'snapshot has 5 bytes, its parent names 6'],
    ['a shorter file', { length: 4 }, 'snapshot has 5 bytes, its parent names 4'],
    [
      'another hash',
      { length: 5, hashes: { sha256: wrong.sha256 } },
      'snapshot does not have the hash that its parent names',
    ],
  ])('%s: these bytes are not it', (_what, named, sentence) => {
    const check = (): void => {
      requireNamedBytes('snapshot', BYTES, { version: 1, ...named });
    };
    expect(check).toThrow(refusal('metadata_mismatched'));
    expect(check).toThrow(sentence);
  });
});
