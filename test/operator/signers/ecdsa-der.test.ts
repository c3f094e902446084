import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { ecdsaDer } from '../../../operator/signers/ecdsa-der.ts';

test('two numbers become the DER that the platform verifies, whatever their first bits', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const lengths = new Set<number>();
  for (let i = 0; i < 600; i += 1) {
    const message = Buffer.from(`message ${i}`);
    const raw = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const der = ecdsaDer(raw.subarray(0, 32), raw.subarray(32));
    expect(verify('sha256', message, publicKey, der)).toBe(true);
    lengths.add(der.length);
  }
  expect(lengths.size).toBeGreaterThan(2); // with and without signs, and shortened ones
});

test('numbers of zero and of one byte are written as DER writes them', () => {
  expect(Buffer.from(ecdsaDer(Buffer.alloc(32), Buffer.of(0x80))).toString('hex')).toBe(
    '300702010002020080',
  );
});
