/** What can be wrong with a boot loader, its tools or its environment. Stable: reports carry them. */
export type BootTroubleCode =
  | 'boot_tool_missing'
  | 'boot_tool_hung'
  | 'boot_tool_killed'
  | 'boot_tool_failed'
  | 'boot_tool_flooded'
  | 'boot_answer_senseless'
  | 'boot_environment_damaged'
  | 'boot_environment_unsafe'
  | 'boot_not_written'
  | 'boot_not_restarted'
  | 'boot_slot_in_use'
  | 'boot_slot_unknown';

/** The boot loader cannot be asked or told: a broken world, not a fault of any release. */
export class BootTrouble extends Error {
  override readonly name = 'BootTrouble';
  readonly code: BootTroubleCode;

  constructor(code: BootTroubleCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}

/** What a boot loader keeps cannot be read as it must be. */
export function damaged(detail: string): BootTrouble {
  return new BootTrouble('boot_environment_damaged', detail);
}

/** A tool that says "done" is not believed: what was written is read again. */
export function requireWritten(what: string, wanted: string, found: string | undefined): void {
  if (found === wanted) return;
  const says = found === undefined ? 'nothing' : JSON.stringify(found);
  throw new BootTrouble('boot_not_written', `${what} was set to "${wanted}" and reads ${says}`);
}
