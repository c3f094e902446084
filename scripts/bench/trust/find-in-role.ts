import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BaseFetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { findTarget } from '../../../shared/trust/find-target.ts';
import { memoryStore } from '../../../shared/trust/memory-store.ts';
import { refresh } from '../../../shared/trust/refresh.ts';
import type { Repository } from '../../../shared/trust/repository.ts';
import type { MadeRepository } from './made-repository.ts';

/** Processor seconds that our client takes from nothing to the target: refresh, verify the role, find. */
export async function ourSeconds({ firstRoot, files, path }: MadeRepository): Promise<number> {
  const repository: Repository = {
    name: 'image',
    fetch: (name) => Promise.resolve(files.get(name)),
    store: memoryStore(),
    firstRoot,
    startedAt: new Date(),
  };
  return seconds(async () => findTarget(repository, await refresh(repository), path));
}

/** The same by tuf-js, from the same bytes in memory. */
export async function tufJsSeconds({ firstRoot, files, path }: MadeRepository): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-bench-'));
  try {
    await writeFile(join(folder, 'root.json'), firstRoot);
    const updater = new Updater({
      metadataDir: folder,
      metadataBaseUrl: 'memory://repository/',
      fetcher: new MemoryFetcher(files),
      config: { targetsMaxLength: Number.MAX_SAFE_INTEGER },
    });
    return await seconds(() => updater.getTargetInfo(path));
  } finally {
    await rm(folder, { recursive: true });
  }
}

class MemoryFetcher extends BaseFetcher {
  readonly #files: MadeRepository['files'];

  constructor(files: MadeRepository['files']) {
    super();
    this.#files = files;
  }

  override fetch(url: string): ReturnType<BaseFetcher['fetch']> {
    const bytes = this.#files.get(url.slice(url.lastIndexOf('/') + 1));
    if (bytes === undefined) return Promise.reject(new DownloadHTTPError('no such file', 404));
    return Promise.resolve(new Blob([new Uint8Array(bytes)]).stream());
  }
}

/** Of processor, not of the clock on the wall: whoever else works here does not count. */
async function seconds(work: () => Promise<object | undefined>): Promise<number> {
  const begun = process.cpuUsage();
  if ((await work()) === undefined) throw new Error('bug: the target was not found');
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000_000;
}
