import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Updater } from 'tuf-js';
import type { Simulator } from '../support/repository-simulator.ts';
import { serveRepository } from '../support/serve-repository.ts';

/** tuf-js with its own folders, following a repository over HTTP on loopback. */
export interface TufJsClient {
  /** What it finds under this path after a refresh, as a program that uses it would. */
  readonly find: (
    path: string,
  ) => Promise<{ readonly hashes: Readonly<Record<string, string>> } | undefined>;
  /** The bytes of a target that it downloaded and verified. */
  readonly download: (path: string) => Promise<Buffer>;
  /** Cuts its stored copy of a role, as a power loss does. */
  readonly tear: (role: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A tuf-js client provisioned with root version 1 of `sim`. */
export async function tufJsClient(sim: Simulator): Promise<TufJsClient> {
  const served = await serveRepository(sim.fetch);
  const folder = await mkdtemp(join(tmpdir(), 'sealift-tuf-js-'));
  await writeFile(join(folder, 'root.json'), sim.roots[0] ?? '');
  const updater = (): Updater =>
    new Updater({
      metadataDir: folder,
      metadataBaseUrl: served.url,
      targetDir: folder,
      targetBaseUrl: `${served.url}targets`,
      config: { fetchRetry: 0 },
    });
  return {
    find: (path) => updater().getTargetInfo(path),
    download: async (path) => {
      const client = updater();
      const info = await client.getTargetInfo(path);
      if (info === undefined) throw new Error(`tuf-js found no ${path}`);
      return readFile(await client.downloadTarget(info, join(folder, 'downloaded')));
    },
    tear: (role) => writeFile(join(folder, `${role}.json`), '{"signa'),
    close: async () => {
      await served.close();
      await rm(folder, { recursive: true });
    },
  };
}
