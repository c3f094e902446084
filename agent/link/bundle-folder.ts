import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isBundleName } from '../../shared/protocol/offline-bundle.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { hasCode } from '../install/durable-file.ts';
import { openPlain, type BundleFiles } from './bundle-files.ts';

/** A bundle that lies in a folder: only the files that are asked for are looked at. */
export async function bundleFolder(path: string): Promise<BundleFiles> {
  const root = await realpath(path); // the owner may reach it by a link; from there on there is none
  return {
    find: async (name) => {
      if (!isBundleName(name)) return undefined;
      const wanted = join(root, name);
      const found = await realpathIfThere(wanted);
      if (found === undefined) return undefined;
      if (found !== wanted) {
        throw new Refusal('bundle_malformed', `${name} is behind a link to ${found}`);
      }
      const { file, length } = await openPlain(wanted);
      await file.close();
      return { path: wanted, at: 0, length };
    },
  };
}

async function realpathIfThere(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT') || hasCode(cause, 'ENOTDIR')) return undefined;
    throw cause;
  }
}
