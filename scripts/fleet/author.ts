import type * as z from 'zod';
import { bundlePath } from '../build/build-program.ts';
import { run, type Ended } from '../processes/run.ts';

/** A person at a laptop with `sealift`: everything goes through the program. */
export interface Author {
  /** Runs a command with `--json` and reads its answer; an exit code other than 0 throws. */
  readonly ask: <T>(schema: z.ZodType<T>, ...args: readonly string[]) => Promise<T>;
  /** Runs a command with `--json` that prints a line of JSON with each change. */
  readonly follow: (onLine: (line: string) => void, ...args: readonly string[]) => Promise<Ended>;
}

/** What the author's program works with. */
export interface Workplace {
  readonly home: string;
  /** Encrypts the private keys at rest; without a terminal the program takes it from here. */
  readonly passphrase: string;
  readonly interrupted: AbortSignal;
}

/** A rollout over devices on this machine takes seconds; one that hangs must not hang us. */
const FOLLOW_MILLISECONDS = 60_000;

/** An author whose keys and settings lie in `home`. */
export function authorAt({ home, passphrase, interrupted }: Workplace): Author {
  const env = { SEALIFT_HOME: home, SEALIFT_PASSPHRASE: passphrase };
  const command = (args: readonly string[]) =>
    [process.execPath, bundlePath({ name: 'sealift' }), ...args, '--json'] as const;
  return {
    ask: async (schema, ...args) => {
      const ended = await run([...command(args)], { env, interrupted });
      if (ended.code !== 0) throw failureOf(args, ended);
      return schema.parse(JSON.parse(ended.stdout));
    },
    follow: async (onLine, ...args) => {
      return run([...command(args)], { env, onLine, interrupted, endAfter: FOLLOW_MILLISECONDS });
    },
  };
}

function failureOf(args: readonly string[], { code, stdout, stderr }: Ended): Error {
  const said = [stdout, stderr].map((text) => text.trim()).filter(Boolean);
  return new Error(`sealift ${args.join(' ')} ended with ${code ?? 'a signal'}: ${said.join(' ')}`);
}
