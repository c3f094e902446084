import { open } from 'node:fs/promises';
import { Failure } from '../failure.ts';

/** The bytes of a file of ours, or undefined when there is none. Never more than `maxBytes`. */
export async function readIfThere(path: string, maxBytes: number): Promise<Buffer | undefined> {
  try {
    return await readAtMost(path, maxBytes);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}

/** The bytes of a file that the operator named. */
export async function readNamed(path: string, maxBytes: number): Promise<Buffer> {
  try {
    return await readAtMost(path, maxBytes);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw unreadable(path, cause);
  }
}

/** What to say when a file that the operator named cannot be read. */
export function unreadable(path: string, cause: unknown): Failure {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Failure('file_unreadable', `cannot read ${path}: ${why}`, { cause });
}

async function readAtMost(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > maxBytes) {
      throw new Failure('file_unreadable', `${path} is longer than ${maxBytes} bytes`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Whether the platform says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
