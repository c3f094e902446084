import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MetadataStore } from '../../shared/trust/repository.ts';
import { readIfThere, removeDurably, writeDurably } from '../install/durable-file.ts';
import type { FloorsFile, RepositoryName } from './floors-file.ts';

/** The trusted files of one repository in a folder, and its floors in the device's floors file. */
export async function metadataFolder(
  folder: string,
  name: RepositoryName,
  floors: FloorsFile,
): Promise<MetadataStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return {
    load: (role) => readIfThere(fileOf(folder, role)),
    save: (role, bytes) => writeDurably(fileOf(folder, role), bytes),
    remove: (role) => removeDurably(fileOf(folder, role)),
    loadFloors: async () => (await floors.load())[name],
    saveFloors: (raised) => floors.saveRepository(name, raised),
  };
}

/** A28: a role may be called `../x`; its file stays in the folder. */
function fileOf(folder: string, role: string): string {
  return join(folder, `${encodeURIComponent(role)}.json`);
}
