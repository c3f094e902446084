import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { bootAt } from '../boot/boot-config.ts';
import { trialAt } from '../health/health-config.ts';
import { isPrivate } from '../link/plaintext.ts';
import { conditionsAt } from '../conditions/conditions-config.ts';
import { explain } from './explain.ts';
import { ConfigFile } from './schema.ts';

/** The configuration, checked, with absolute paths. */
export type Config = ConfigFile;

/** The configuration cannot be used. The message says what to change. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads a configuration file. Paths in it are relative to the folder it lies in. */
export async function loadConfig(path: string): Promise<Config> {
  return parseConfig(await textOf(path), path);
}

/** The configuration in `text`. */
export function parseConfig(text: string, path: string): Config {
  const file = jsonOf(text, path);
  const parsed = ConfigFile.safeParse(file);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${explain(issue, file)}`);
    throw new ConfigError(`${path} cannot be used:\n${lines.join('\n')}`);
  }
  requirePrivate(parsed.data, path);
  const config = withPaths(parsed.data, dirname(resolve(path)));
  requireApart(config, path);
  return config;
}

/** What lies in a slot is gone with the next update. */
function requireApart({ stateDir, slotsDir }: Config, path: string): void {
  const [slot = ''] = relative(slotsDir, stateDir).split(sep);
  if (!['a', 'b', 'current'].includes(slot)) return;
  throw new ConfigError(`${path}: "stateDir" lies in slot ${slot}, which updates empty`);
}

function requirePrivate({ server }: ConfigFile, path: string): void {
  if (server.allowPlaintext) return;
  const addresses = [server.http, ...(server.mqtt === undefined ? [] : [server.mqtt])];
  const open = addresses.find((address) => !isPrivate(new URL(address)));
  if (open === undefined) return;
  throw new ConfigError(
    `${path}: ${open} is not TLS, so tokens and firmware could be read on the way. ` +
      'Use https:// and mqtts://, or say "allowPlaintext": true in "server".',
  );
}

function withPaths(config: ConfigFile, folder: string): Config {
  const at = (path: string): string => resolve(folder, path);
  const { server, roots, enrolmentTokenFile } = config;
  return {
    ...config,
    stateDir: at(config.stateDir),
    slotsDir: at(config.slotsDir),
    roots: { image: at(roots.image), director: at(roots.director) },
    slots: slotsAt(config.slots, at),
    boot: bootAt(config.boot, at),
    trial: trialAt(config.trial, at),
    conditions: conditionsAt(config.conditions, at),
    hooks: { ...config.hooks, folder: at(config.hooks.folder) },
    modules: { ...config.modules, folder: at(config.modules.folder) },
    server: { ...server, ...(server.caFile && { caFile: at(server.caFile) }) },
    ...(enrolmentTokenFile && { enrolmentTokenFile: at(enrolmentTokenFile) }),
  };
}

function slotsAt(slots: Config['slots'], at: (path: string) => string): Config['slots'] {
  return Object.fromEntries(
    Object.entries(slots).map(([component, { a, b }]) => [component, { a: at(a), b: at(b) }]),
  );
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const says = cause instanceof Error ? cause.message : 'unreadable';
    throw new ConfigError(`the configuration cannot be read: ${says}`, { cause });
  }
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const says = cause instanceof Error ? cause.message : 'unreadable';
    throw new ConfigError(`${path} is not JSON: ${says}`, { cause });
  }
}
