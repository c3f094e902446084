import { BootTrouble } from './boot/boot-trouble.ts';

/**
 * Whether the machine itself failed (disk, file system, process, as Node tells it, or its boot
 * loader): not our bug.
 */
export function isOfPlatform(cause: unknown): cause is Error {
  if (cause instanceof BootTrouble) return true;
  return cause instanceof Error && 'syscall' in cause && 'code' in cause;
}
