import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The process ids of the services that devices below `folder` have started and not ended. */
export async function servicePids(folder: string): Promise<readonly number[]> {
  const paths = await readdir(folder, { recursive: true });
  const files = paths.filter((path) => path.endsWith('service.pid'));
  const texts = await Promise.all(files.map((path) => readFile(join(folder, path), 'utf8')));
  return texts.map(Number).filter((pid) => Number.isInteger(pid) && pid > 1);
}

/** Ends them: on a device the init system would own them, here nobody else does. */
export async function endServices(folder: string): Promise<void> {
  for (const pid of await servicePids(folder)) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      continue; // it has ended by itself
    }
  }
}
