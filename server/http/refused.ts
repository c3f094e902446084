import { z } from '@hono/zod-openapi';
import { REFUSALS } from '../../shared/refusals/refusals.ts';
import { Refusal, type RefusalCode } from '../../shared/trust/refusal.ts';

/** The answer when a device's own verifier said no: its code, and what is wrong in words. */
export const RefusedSchema = z
  .object({
    code: z.string(),
    message: z.string(),
    refusal: z.string().optional(),
    detail: z.string().optional(),
  })
  .openapi('Refused');

/** What `work` answers, or the refusal it threw as the body of a 422. */
export async function orRefused<T>(
  work: () => Promise<T>,
): Promise<
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'refused'; readonly body: RefusedBody }
> {
  try {
    return { kind: 'done', value: await work() };
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    return { kind: 'refused', body: refusedBody(cause) };
  }
}

interface RefusedBody {
  readonly code: 'refused';
  readonly message: string;
  readonly refusal: RefusalCode;
  readonly detail: string;
}

function refusedBody({ code, message }: Refusal): RefusedBody {
  const sentence = `a device would refuse this: ${REFUSALS[code].says} (${message})`;
  return { code: 'refused', message: sentence, refusal: code, detail: message };
}
