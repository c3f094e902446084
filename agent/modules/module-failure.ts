/** How a module failed: reported as the reason of the failure. */
export type ModuleReason =
  | 'module_missing'
  | 'module_unusable'
  | 'module_failed'
  | 'module_killed'
  | 'module_hung'
  | 'module_answer'
  | 'module_stream'
  | 'module_digest'
  | 'module_reboot'
  | 'module_interrupted';

/** A module did not do what was asked of it, or could not be asked. */
export class ModuleFailure extends Error {
  override readonly name = 'ModuleFailure';
  readonly reason: ModuleReason;

  constructor(reason: ModuleReason, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.reason = reason;
  }
}
