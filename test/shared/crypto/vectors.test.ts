// Every signature here has one right answer, and every engine of ours must give it.
import { describe, expect, test } from 'vitest';
import { ed25519Verdicts, p256Verdict } from '../../../scripts/wycheproof/verdicts.ts';
import { ed25519Cases } from './ed25519-cases.ts';
import { p256Cases } from './p256-cases.ts';

describe('an Ed25519 signature', () => {
  test.each(ed25519Cases())('$name: counts $isValid', ({ publicHex, isValid, ...signed }) => {
    expect(ed25519Verdicts(publicHex, signed)).toEqual({ noble: isValid, native: isValid });
  });
});

describe('a P-256 signature', () => {
  test.each(p256Cases())('$name: counts $isValid', ({ publicHex, isValid, ...signed }) => {
    expect(p256Verdict(publicHex, signed)).toBe(isValid);
  });
});
