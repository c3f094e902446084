/** Whole numbers below `limit`, the same for the same seed: a failure can be played again. */
export type Dice = (limit: number) => number;

/** xorshift32: small, and more than good enough to throw bytes about. */
export function diceFrom(seed: number): Dice {
  let state = seed | 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

// What a grammar-blind mutation would hardly ever write.
const TOKENS = [
  ...['{', '}', '[', ']', '"', ':', ',', '\\', '\\u0000', '\\ud800', '\u{1f600}', '\n'],
  ...['null', 'true', '{}', '[]', '""', '-1', '0', '1.5', '1e400', '9007199254740993', '-0'],
  ...['"__proto__"', '"constructor"', '"sha256"', '"version":0', '"threshold":0', '"keyid":""'],
].map((token) => Buffer.from(token));

/** A few random changes of one input, some of them with pieces of another. */
export function mutate(input: Uint8Array, other: Uint8Array, dice: Dice): Uint8Array {
  let bytes = Buffer.from(input);
  for (let changes = dice(4) + 1; changes > 0; changes -= 1) bytes = changeOnce(bytes, other, dice);
  return bytes;
}

function changeOnce(bytes: Buffer, other: Uint8Array, dice: Dice): Buffer<ArrayBuffer> {
  const from = dice(bytes.length + 1);
  const to = Math.min(bytes.length, from + dice(16));
  const start = dice(other.length + 1);
  const middles: readonly Uint8Array[] = [
    Buffer.of(), // cut out
    Buffer.of(dice(256)), // one byte
    TOKENS[dice(TOKENS.length)] ?? Buffer.of(),
    other.subarray(start, start + dice(64)), // spliced
    Buffer.concat([bytes.subarray(from, to), bytes.subarray(from, to)]), // doubled
  ];
  const middle = middles[dice(middles.length)] ?? Buffer.of();
  return Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)]);
}
