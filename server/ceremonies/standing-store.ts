import type { Standing } from '../../shared/ceremony/requirements.ts';
import type { Root } from '../../shared/metadata/root.ts';
import type { Database } from '../database/schema.ts';
import { newestFile } from '../repository/metadata-store.ts';
import { readRoot, readTargets } from '../repository/unverified.ts';

/** The files that say today who may sign what; undefined before trust is founded. */
export async function readStanding(
  db: Database,
): Promise<(Standing & { readonly directorRoot: Root }) | undefined> {
  const imageRoot = await newestFile(db, 'image', 'root');
  const imageTargets = await newestFile(db, 'image', 'targets');
  const directorRoot = await newestFile(db, 'director', 'root');
  if (imageRoot === undefined || imageTargets === undefined || directorRoot === undefined) {
    return undefined;
  }
  return {
    imageRoot: readRoot(imageRoot),
    imageTargets: readTargets(imageTargets),
    directorRoot: readRoot(directorRoot),
  };
}
