import { z } from '@hono/zod-openapi';
import { NameField } from '../http/fields.ts';
import { ROLLOUT_ACTIONS } from './rollout.ts';

const percent = z.int().min(1).max(100);
const count = z.int().min(0);

/** Nobody plans more; every decision reads all of them. */
const MAX_PHASES = 32;

/** What an operator sends: at least one phase, each reaching further than the one before. */
export const NewRollout = z
  .strictObject({
    product: NameField,
    version: NameField,
    phases: z
      .array(z.strictObject({ percent, successPercent: percent, failurePercent: percent }))
      .min(1)
      .max(MAX_PHASES)
      .refine(isAscending, 'each phase must reach a larger percent than the one before'),
    onlyRunning: NameField.optional().openapi({
      description: 'Only devices that run this version, to move them off a recalled release',
    }),
  })
  .openapi('NewRollout');

export const StateChange = z
  .strictObject({ action: z.enum(ROLLOUT_ACTIONS) })
  .openapi('RolloutStateChange');

/** A rollout as the API answers it. */
export const RolloutSchema = z
  .object({
    id: z.string(),
    product: z.string(),
    version: z.string(),
    manifestSha256: z.string(),
    state: z.enum(['running', 'paused', 'halted', 'completed', 'aborted']),
    phase: count.openapi({ description: 'Index of the open phase' }),
    reason: z.string().nullable().openapi({ description: 'Why it halted, or was ended' }),
    onlyRunning: z.string().nullable().openapi({
      description: 'Manifest that its devices run when they join; null is all that fit',
    }),
    createdAt: z.string(),
    changedAt: z.string(),
    phases: z.array(
      z.object({
        percent,
        successPercent: percent,
        failurePercent: percent,
        members: count,
        offered: count,
        proven: count,
        failed: count,
      }),
    ),
  })
  .openapi('Rollout');

function isAscending(phases: readonly { readonly percent: number }[]): boolean {
  return phases.every(({ percent: reach }, index) => reach > (phases[index - 1]?.percent ?? 0));
}
