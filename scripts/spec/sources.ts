import { readdir, readFile } from 'node:fs/promises';
import { fromRoot } from '../root.ts';

/** A source file, read. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** All TypeScript files below the folders, sorted by path. */
export async function listSources(folders: readonly string[]): Promise<readonly Source[]> {
  const paths = (await Promise.all(folders.map(pathsBelow))).flat().sort();
  return Promise.all(
    paths.map(async (path) => ({ path, text: await readFile(fromRoot(path), 'utf8') })),
  );
}

async function pathsBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(fromRoot(folder), { recursive: true });
  return entries.filter((path) => /\.tsx?$/.test(path)).map((path) => `${folder}/${path}`);
}
