#!/usr/bin/env node
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { doctor } from './commands/doctor.ts';
import { install } from './commands/install.ts';
import { run } from './commands/run.ts';
import { status } from './commands/status.ts';
import { verify } from './commands/verify.ts';
import { HELP } from './commands/help.ts';
import { ConfigError, loadConfig } from './config/load-config.ts';
import { KeyDamaged } from './device-key.ts';
import { BUILT_AT, VERSION } from './facts.ts';
import { AlreadyRunning } from './lock.ts';
import type { Ambient } from './ground.ts';
import { isOfPlatform } from './platform-error.ts';

/** The only place that reads the clock, chance and the process: the rest takes them as arguments. */
const COMMANDS = { run, install, status, verify, doctor } as const;

const EXIT_USAGE = 2;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      once: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  });
  if (values.help) return say(HELP, 0);
  if (values.version) return say(`sealift-agent ${VERSION}\n`, 0);
  const [name = '', ...rest] = positionals;
  const [subject, ...others] = name === 'install' ? rest : [undefined, ...rest];
  if (!isCommand(name) || others.length > 0)
    return complain(`there is no command "${positionals.join(' ')}"`);
  if (name === 'install' && subject === undefined) return complain('install needs a bundle');
  if (values.config === undefined) return complain(`${name} needs --config FILE`);
  const config = await loadConfig(values.config);
  const { once, json } = values;
  return COMMANDS[name]({ config, ambient: await ambientOf(), once, json, subject });
}

async function ambientOf(): Promise<Ambient> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop.abort();
    });
  }
  return {
    now: () => new Date(),
    milliseconds: () => performance.now(),
    random: Math.random,
    nonce: () => randomBytes(16).toString('base64url'),
    write: (line) => process.stdout.write(line),
    signal: stop.signal,
    builtAt: BUILT_AT,
    version: VERSION,
    bootId: await bootId(),
  };
}

/** Linux tells each boot apart; elsewhere each start of the agent stands for one. */
async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    return randomUUID();
  }
}

function isCommand(name: string): name is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, name);
}

function say(text: string, code: number): number {
  process.stdout.write(text);
  return code;
}

function complain(what: string): number {
  process.stderr.write(`sealift-agent: ${what}\nTry: sealift-agent --help\n`);
  return EXIT_USAGE;
}

/** What a person can mend is a sentence; anything else is our bug, with its stack. */
function explainFailure(cause: unknown): number {
  const isUsage = cause instanceof TypeError && 'code' in cause; // parseArgs: ERR_PARSE_ARGS_*
  if (isUsage || cause instanceof ConfigError) return complain(cause.message);
  if (cause instanceof AlreadyRunning || cause instanceof KeyDamaged || isOfPlatform(cause)) {
    process.stderr.write(`sealift-agent: ${cause.message}\n`);
    return 1;
  }
  const says = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  process.stderr.write(`sealift-agent: ${says}\n`);
  return 1;
}

process.exitCode = await main(process.argv.slice(2)).catch(explainFailure);
