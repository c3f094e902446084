import type { RefusalCode } from '../trust/refusal-codes.ts';
import { INSTALL_REFUSALS } from './install-refusals.ts';
import type { RefusalRow } from './refusal-row.ts';
import { TRUST_REFUSALS } from './trust-refusals.ts';

/**
 * Every reason a device refuses an update: the clause it enforces, the attack it stops, and what a
 * person should think of.
 *
 * One table feeds the answers of the server, the operator's sentences and the check that each has its
 * attack test, so none of them can drift from the others. TUF is 1.0.34, Uptane is 2.1.0; `Sealift`
 * clauses are sections of ARCHITECTURE.md where we are stricter than both. Devices send only the code.
 */
export const REFUSALS = {
  ...TRUST_REFUSALS,
  ...INSTALL_REFUSALS,
} as const satisfies Record<RefusalCode, RefusalRow>;
