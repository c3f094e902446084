#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';
import password from '@inquirer/password';
import { Failure } from './failure.ts';
import { runOperator } from './program.ts';

const ctrlC = new AbortController();
process.once('SIGINT', () => {
  ctrlC.abort();
});
process.once('SIGTERM', () => {
  ctrlC.abort();
});
// `sealift device list | head`: the reader has seen enough.
process.stdout.on('error', () => {
  process.exit(0);
});

process.exitCode = await runOperator(process.argv.slice(2), {
  env: takeEnvironment(),
  now: () => new Date(),
  random: (length) => randomBytes(length),
  print: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  isTerminal: process.stdout.isTTY && process.stderr.isTTY,
  askSecret: process.stdin.isTTY ? askSecret : undefined,
  confirm: process.stdin.isTTY ? confirm : undefined,
  fetch,
  pause: async (milliseconds) => {
    await delay(milliseconds, undefined, { signal: ctrlC.signal }).catch(() => undefined);
  },
  interrupted: ctrlC.signal,
});

/** Our variables hold secrets: no child process and no diagnostic report gets a copy of them. */
function takeEnvironment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (name.startsWith('SEALIFT_')) Reflect.deleteProperty(process.env, name);
  }
  return env;
}

/** Asks on stderr, so that stdout holds the result only; Ctrl-C is an interruption. */
async function askSecret(question: string): Promise<string> {
  try {
    return await password({ message: question }, { output: process.stderr, signal: ctrlC.signal });
  } catch (cause) {
    throw new Failure('interrupted', 'interrupted', { cause });
  }
}

/** Only the whole word is a yes: nobody hands over a fleet by a slip of the finger. */
async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${question} (yes/no) `, { signal: ctrlC.signal });
    return answer.trim().toLowerCase() === 'yes';
  } catch (cause) {
    throw new Failure('interrupted', 'interrupted', { cause });
  } finally {
    lines.close();
  }
}
