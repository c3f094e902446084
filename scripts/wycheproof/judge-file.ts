import * as z from 'zod';
import { ed25519Verdicts, p256Verdict, type Signed } from './verdicts.ts';

const Hex = z.string().regex(/^([0-9a-f]{2})*$/);

const vector = z.object({
  tcId: z.number(),
  comment: z.string(),
  msg: Hex,
  sig: Hex,
  result: z.enum(['valid', 'invalid', 'acceptable']),
});

/** As much of a file of Wycheproof (testvectors_v1) as a verdict needs. */
const fileOf = <T extends z.ZodType>(publicKey: T) =>
  z.object({ testGroups: z.array(z.object({ publicKey, tests: z.array(vector) })).min(1) });

const JUDGES = {
  'ed25519_test.json': (text: string) =>
    judge(fileOf(z.object({ pk: Hex })).parse(JSON.parse(text)), ({ pk }, signed) => {
      const { noble, native } = ed25519Verdicts(pk, signed);
      return { noble, 'node:crypto': native };
    }),
  'ecdsa_secp256r1_sha256_test.json': (text: string) =>
    judge(fileOf(z.object({ uncompressed: Hex })).parse(JSON.parse(text)), (key, signed) => ({
      'node:crypto': p256Verdict(key.uncompressed, signed),
    })),
} as const;

/** The files whose signatures we verify. */
export const FILES = Object.keys(JUDGES) as readonly (keyof typeof JUDGES)[];

/** How many vectors a file has, and where an engine of ours does not say what the file says. */
export interface Judgement {
  readonly vectors: number;
  readonly differences: readonly string[];
}

/** Every vector of one file, by every engine. An `acceptable` one may be answered either way. */
export function judgeFile(name: (typeof FILES)[number], text: string): Judgement {
  return JUDGES[name](text);
}

interface Group<Key> {
  readonly publicKey: Key;
  readonly tests: readonly z.infer<typeof vector>[];
}

function judge<Key>(
  { testGroups }: { readonly testGroups: readonly Group<Key>[] },
  answer: (key: Key, signed: Signed) => Readonly<Record<string, boolean>>,
): Judgement {
  const all = testGroups.flatMap(({ publicKey, tests }) =>
    tests.map((test) => ({ publicKey, test })),
  );
  const differences = all.flatMap(({ publicKey, test }) => {
    const signed = {
      message: Buffer.from(test.msg, 'hex'),
      signature: Buffer.from(test.sig, 'hex'),
    };
    return Object.entries(answer(publicKey, signed))
      .filter(([, holds]) => test.result !== 'acceptable' && holds !== (test.result === 'valid'))
      .map(([engine, holds]) => `#${test.tcId} ${test.comment}: ${engine} says ${String(holds)}`);
  });
  return { vectors: all.length, differences };
}
