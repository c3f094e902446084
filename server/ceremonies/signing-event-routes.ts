import { createRoute, z } from '@hono/zod-openapi';
import type {
  EventSignature,
  EventSummary,
  OpenEvent,
  SigningEvent,
} from '../../shared/ceremony/event.ts';
import { errorAnswer, jsonAnswer, jsonBody } from '../http/answers.ts';
import { openApiApp } from '../http/open-api-app.ts';
import { actorOf, type OperatorEnv } from '../http/operator.ts';
import { orRefused, RefusedSchema } from '../http/refused.ts';
import type { EventOutcome } from './event-outcome.ts';
import { EventJson, EventSummaryJson, OpenEventBody, SignaturesBody } from './event-schemas.ts';

/** Signing events, as the routes need them; each move tells everybody who waits for what it published. */
export interface SigningEventDeps {
  readonly openEvent: (wish: OpenEvent, actor: string) => Promise<EventOutcome>;
  readonly listEvents: (page: {
    readonly state?: SigningEvent['state'] | undefined;
    readonly limit: number;
  }) => Promise<readonly EventSummary[]>;
  readonly readEvent: (id: string) => Promise<SigningEvent | undefined>;
  readonly signEvent: (
    id: string,
    signatures: readonly EventSignature[],
    actor: string,
  ) => Promise<EventOutcome>;
  readonly withdrawEvent: (
    id: string,
    by: { readonly actor: string; readonly isAdmin: boolean },
  ) => Promise<EventOutcome>;
}

const params = z.object({ id: z.string().min(1).max(64) });
const answers = {
  400: errorAnswer('The request is not understood'),
  403: errorAnswer('Only who opened it, or an admin, may'),
  404: errorAnswer('There is no such event or product'),
  409: errorAnswer(
    '`version_conflict`, `event_overlaps`, `event_closed`, `event_stale`, `product_exists`, `release_conflict` or `not_initialised`',
  ),
  422: jsonAnswer(
    'A device would refuse it, a rule of ours forbids it (`role_unsafe`), a file of a release is missing or wrong, or a signature is (`signature_unknown`, `signature_invalid`)',
    RefusedSchema,
  ),
};

const open = createRoute({
  method: 'post',
  path: '/signing-events',
  summary: 'Open a signing event: next versions of files that people sign, in turn',
  request: jsonBody(OpenEventBody),
  responses: { 201: jsonAnswer('Open, or published at once', EventJson), ...answers },
});

const list = createRoute({
  method: 'get',
  path: '/signing-events',
  summary: 'Signing events, newest first, and who has signed',
  request: {
    query: z.strictObject({
      state: z.enum(['open', 'published', 'withdrawn']).optional(),
      limit: z.coerce.number().int().min(1).max(1_000).default(200),
    }),
  },
  responses: {
    200: jsonAnswer('Without the texts', z.object({ events: z.array(EventSummaryJson) })),
    400: answers[400],
  },
});

const show = createRoute({
  method: 'get',
  path: '/signing-events/{id}',
  summary: 'One signing event, with the texts that holders sign',
  request: { params },
  responses: { 200: jsonAnswer('The event', EventJson), 400: answers[400], 404: answers[404] },
});

const sign = createRoute({
  method: 'post',
  path: '/signing-events/{id}/signatures',
  summary: 'Add signatures; the last one that was missing publishes the event',
  request: { params, ...jsonBody(SignaturesBody) },
  responses: { 200: jsonAnswer('The event', EventJson), ...answers },
});

const withdraw = createRoute({
  method: 'post',
  path: '/signing-events/{id}/withdraw',
  summary: 'End an open event without publishing it',
  request: { params },
  responses: { 200: jsonAnswer('The event', EventJson), ...answers },
});

/** How several people change what they sign together. */
export function signingEventRoutes(deps: SigningEventDeps) {
  return openApiApp<OperatorEnv>()
    .openapi(open, async (c) => {
      const wish = c.req.valid('json');
      const actor = actorOf(c.get('operator'));
      const outcome = await orRefused(() => deps.openEvent(wish, actor));
      if (outcome.kind === 'refused') return c.json(outcome.body, 422);
      const { value } = outcome;
      if (value.kind === 'event') return c.json(value.event, 201);
      return c.json({ code: codeOf(value), message: value.message }, STATUS[value.kind]);
    })
    .openapi(list, async (c) => {
      const events = await deps.listEvents(c.req.valid('query'));
      return c.json({ events: [...events] }, 200);
    })
    .openapi(show, async (c) => {
      const { id } = c.req.valid('param');
      const event = await deps.readEvent(id);
      if (event !== undefined) return c.json(event, 200);
      return c.json({ code: 'unknown_event', message: `there is no signing event ${id}` }, 404);
    })
    .openapi(sign, async (c) => {
      const { id } = c.req.valid('param');
      const { signatures } = c.req.valid('json');
      const actor = actorOf(c.get('operator'));
      const outcome = await orRefused(() => deps.signEvent(id, signatures, actor));
      if (outcome.kind === 'refused') return c.json(outcome.body, 422);
      const { value } = outcome;
      if (value.kind === 'event') return c.json(value.event, 200);
      return c.json({ code: codeOf(value), message: value.message }, STATUS[value.kind]);
    })
    .openapi(withdraw, async (c) => {
      const operator = c.get('operator');
      const by = { actor: actorOf(operator), isAdmin: operator.role === 'admin' };
      const value = await deps.withdrawEvent(c.req.valid('param').id, by);
      if (value.kind === 'event') return c.json(value.event, 200);
      return c.json({ code: codeOf(value), message: value.message }, STATUS[value.kind]);
    });
}

type Refused = Exclude<EventOutcome, { readonly kind: 'event' }>;

function codeOf({ kind }: Refused): string {
  return kind === 'not_allowed' ? 'forbidden' : kind;
}

const STATUS = {
  not_allowed: 403,
  unknown_event: 404,
  unknown_product: 404,
  event_overlaps: 409,
  event_closed: 409,
  event_stale: 409,
  not_initialised: 409,
  product_exists: 409,
  release_conflict: 409,
  version_conflict: 409,
  signature_unknown: 422,
  signature_invalid: 422,
  blob_missing: 422,
  sbom_invalid: 422,
  attestation_invalid: 422,
  role_unsafe: 422,
} as const satisfies Record<Refused['kind'], number>;
