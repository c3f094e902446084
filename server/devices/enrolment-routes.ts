import { createRoute, z } from '@hono/zod-openapi';
import type { Env } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Enrolment } from '../../shared/protocol/enrolment.ts';
import { errorAnswer, jsonAnswer } from '../http/answers.ts';
import { openApiApp } from '../http/open-api-app.ts';
import { DEVICE_STATES } from './device-state.ts';
import { ENROLMENT_REFUSALS, type Enrolled } from './enrol.ts';
import { MAX_ENROLMENT_BYTES, openEnrolment } from './open-enrolment.ts';

export interface EnrolmentDeps {
  /** Enrols in one transaction, and announces what follows from it. */
  readonly enrol: (enrolment: Enrolment) => Promise<Enrolled>;
}

const enrollment = createRoute({
  method: 'post',
  path: '/enroll',
  summary: 'A device asks to be let in, with a token and a proof that it holds its key',
  middleware: [
    bodyLimit({
      maxSize: MAX_ENROLMENT_BYTES,
      onError: (c) =>
        c.json({ code: 'too_large', message: `at most ${MAX_ENROLMENT_BYTES} bytes` }, 413),
    }),
  ] as const,
  responses: {
    200: jsonAnswer('`pending` waits for an operator', z.object({ state: z.enum(DEVICE_STATES) })),
    400: errorAnswer('`malformed_request`'),
    401: errorAnswer('`token_unknown`, `token_spent` or `proof_of_possession_failed`'),
    404: errorAnswer('`unknown_product`'),
    409: errorAnswer('`device_exists`'),
    413: errorAnswer('`too_large`'),
  },
});

/** `POST /enroll` of the device API: the only thing that it answers without knowing the device. */
export function enrolmentRoutes(deps: EnrolmentDeps) {
  return openApiApp<Env>().openapi(enrollment, async (c) => {
    const opened = openEnrolment(new Uint8Array(await c.req.arrayBuffer()));
    if (opened.kind !== 'enrolment') {
      const status = opened.kind === 'malformed_request' ? 400 : 401;
      return c.json({ code: opened.kind, message: opened.message }, status);
    }
    const enrolled = await deps.enrol(opened.enrolment);
    if (enrolled.kind === 'enrolled') return c.json({ state: enrolled.state }, 200);
    const refusal = { code: enrolled.kind, message: ENROLMENT_REFUSALS[enrolled.kind] };
    return c.json(refusal, STATUS[enrolled.kind]);
  });
}

const STATUS = {
  token_unknown: 401,
  token_spent: 401,
  device_exists: 409,
  unknown_product: 404,
} as const satisfies Record<keyof typeof ENROLMENT_REFUSALS, number>;
