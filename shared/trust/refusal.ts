import type { RefusalCode } from './refusal-codes.ts';

export { REFUSAL_CODES, type RefusalCode } from './refusal-codes.ts';

/** They sent something that we must not accept. Caught in one place: the stage that was verifying. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}
