/** Whether the machine itself failed (disk, file system, process), as Node tells it: not our bug. */
export function isOfPlatform(cause: unknown): cause is Error {
  return cause instanceof Error && 'syscall' in cause && 'code' in cause;
}
