import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { wipeTree } from '../install/wipe-tree.ts';
import { askDigest } from './ask-digest.ts';
import { moduleRunner, type ModuleRef, type RunnerDeps } from './module-runner.ts';
import { layOutTree } from './module-tree.ts';

/** What asking a module outside an update needs. */
export interface MeasureDeps extends RunnerDeps {
  readonly hardwareId: string;
  /** For a folder that the module can stand in meanwhile. */
  readonly scratchFolder: string;
}

/** Asks a module what stands there, from a folder that is gone afterwards. */
export async function measureModule(
  deps: MeasureDeps,
  module: ModuleRef,
): Promise<string | undefined> {
  const { type } = module;
  const { hardwareId } = deps;
  const folder = await mkdtemp(join(deps.scratchFolder, 'sealift-module-'));
  const treeOf = (component: string): string => join(folder, component);
  try {
    const facts = { type, hardwareId, running: null, release: null, metaData: {} };
    await layOutTree(treeOf(module.component), facts);
    return await askDigest(moduleRunner({ ...deps, treeOf }), module);
  } finally {
    await wipeTree(folder);
  }
}
