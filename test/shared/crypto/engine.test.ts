import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newSeed } from '../../../shared/crypto/ed25519.ts';
import { ENGINE, NOBLE, pickEngine, PLATFORM } from '../../../shared/crypto/engine.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

test('both engines make one key and one signature of a seed, and take each other’s', () => {
  fc.assert(
    fc.property(bytes(32), fc.uint8Array({ maxLength: 200 }), (seed, message) => {
      const key = PLATFORM.publicHexOf(seed);
      const signature = PLATFORM.signWith(seed)(message);

      expect(NOBLE.publicHexOf(seed)).toBe(key);
      expect(Buffer.from(NOBLE.signWith(seed)(message))).toEqual(Buffer.from(signature));
      expect(PLATFORM.verify(key, message, signature)).toBe(true);
      expect(NOBLE.verify(key, message, signature)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test('neither takes a signature of another length, or one that is not made with that key', () => {
  const [seed, other] = [newSeed(), newSeed()];
  const message = Buffer.from('message');
  const signature = PLATFORM.signWith(seed)(message);
  for (const engine of [PLATFORM, NOBLE]) {
    const key = engine.publicHexOf(seed);

    expect(engine.verify(key, message, signature)).toBe(true);
    expect(engine.verify(key, message, signature.subarray(1))).toBe(false);
    expect(engine.verify(engine.publicHexOf(other), message, signature)).toBe(false);
  }
});

test('what forges under a point of small order holds under no engine', () => {
  // The platform alone accepts it: R is the identity, S is nought, and the key drops out.
  const identity = `01${'00'.repeat(31)}`;
  const forged = Buffer.concat([Buffer.of(1), Buffer.alloc(63)]);
  for (const engine of [PLATFORM, NOBLE]) {
    expect(engine.verify(identity, Buffer.from('any message'), forged)).toBe(false);
  }
});

describe('the engine of this program', () => {
  test('is the platform’s where it has Ed25519', () => {
    expect(ENGINE).toBe(PLATFORM);
  });

  test('is noble where it has not, as in a FIPS module', () => {
    const without = {
      ...PLATFORM,
      signWith: () => {
        throw new Error('error:0308010C:digital envelope routines::unsupported');
      },
    };

    expect(pickEngine(without)).toBe(NOBLE);
  });
});
