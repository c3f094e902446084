import { readFile } from 'node:fs/promises';
import { Refusal } from '../../shared/trust/refusal.ts';
import { acceptFirstRoot } from '../../shared/trust/root.ts';
import { isOfPlatform } from '../platform-error.ts';
import { ConfigError } from './load-config.ts';

/** A file that the configuration names under `key`. */
export async function readConfigured(key: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (!isOfPlatform(cause)) throw cause;
    throw new ConfigError(`"${key}": ${path} cannot be read (${cause.message})`, { cause });
  }
}

/** A root that the device was provisioned with. Nothing can be verified without it, so it is checked now. */
export async function readFirstRoot(name: 'image' | 'director', path: string): Promise<Buffer> {
  const bytes = await readConfigured(`roots.${name}`, path);
  try {
    acceptFirstRoot(bytes);
    return bytes;
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    throw new ConfigError(`"roots.${name}": ${path} is not a root (${cause.message})`, { cause });
  }
}
