import type { FailureReason } from '../shared/protocol/report.ts';
import type { Step } from './run-update.ts';
import { failed } from './state/endings.ts';

/** What a stage came to that failed for this reason. */
export function failedStep(reason: FailureReason, detail: string): Step {
  return { outcome: 'failed', remember: (state) => failed(state, reason, detail) };
}
