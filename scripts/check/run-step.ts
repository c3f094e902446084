import { spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { fromRoot, ROOT } from '../root.ts';
import type { Step } from './steps.ts';

/** How a step went. `output` is everything it printed, for the case that it failed. */
export interface Outcome {
  readonly isGood: boolean;
  readonly seconds: number;
  readonly output: string;
}

/** Runs one step to its end in the top folder, with the tools of this repository. */
export async function runStep({ command: [program, ...args] }: Step): Promise<Outcome> {
  const startedAt = performance.now();
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...process.env, PATH: withOwnTools(process.env['PATH']) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.stderr.on('data', (part: Buffer) => parts.push(part));
  const isGood = await new Promise<boolean>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve(code === 0);
    });
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  return { isGood, seconds, output: Buffer.concat(parts).toString('utf8').trimEnd() };
}

function withOwnTools(path: string | undefined): string {
  return [fromRoot('node_modules', '.bin'), ...(path === undefined ? [] : [path])].join(delimiter);
}
