import * as z from 'zod/mini';
import { Failure } from '../failure.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import type { Workspace } from './workspace.ts';

const Config = z.strictObject({ server: z.url(), token: z.string() });

/** Which server this workspace works with, and by which operator token. */
export type Config = Readonly<z.infer<typeof Config>>;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The stored address and token; SEALIFT_TOKEN takes the place of a stored token (for CI). */
export async function loadConfig(
  workspace: Workspace,
  tokenFromEnv: string | undefined,
): Promise<Config> {
  const config = await readJsonFile(workspace.configFile, Config);
  if (config === undefined) {
    throw new Failure('no_server', `${workspace.home} does not know a server yet`);
  }
  return tokenFromEnv === undefined ? config : { ...config, token: tokenFromEnv };
}

/** The address of a workspace that has one. */
export async function storedServer(workspace: Workspace): Promise<string | undefined> {
  return (await readJsonFile(workspace.configFile, Config))?.server;
}

/** Stores both, readable by the owner only. */
export async function saveConfig(workspace: Workspace, config: Config): Promise<void> {
  await writeJsonFile(workspace.configFile, config);
}

/**
 * The address as it is stored: without a trailing slash. A token over plain HTTP is anybody's, so
 * that is for this machine only unless the operator says so.
 */
export function serverAddress(text: string, allowPlaintext: boolean): string {
  if (!URL.canParse(text)) throw new Failure('wrong_usage', `${text} is not an address`);
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new Failure('wrong_usage', `${text} is not an http or https address`);
  }
  if (url.protocol === 'http:' && !LOOPBACK.has(url.hostname) && !allowPlaintext) {
    throw new Failure('plaintext_refused', `${url.origin} would get the token without TLS`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
