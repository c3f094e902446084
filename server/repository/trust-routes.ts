import { createRoute, z } from '@hono/zod-openapi';
import { errorAnswer, jsonAnswer, jsonBody } from '../http/answers.ts';
import { SignedText } from '../http/fields.ts';
import { openApiApp } from '../http/open-api-app.ts';
import { actorOf, type OperatorEnv } from '../http/operator.ts';
import { orRefused, RefusedSchema } from '../http/refused.ts';
import { EXPIRY_LEVELS } from '../../shared/ceremony/expiry-level.ts';
import { ONLINE_ROLES, type OnlinePublicKeys, type OnlineRole } from '../keys/online-keys.ts';
import type { FileExpiry } from './expiry-store.ts';
import type { Founding, FoundingOutcome, TrustState } from './trust-store.ts';

export interface TrustDeps {
  readonly onlineKeys: () => Promise<OnlinePublicKeys>;
  /** The keys that a next root should name; undefined before there is a first. */
  readonly nextKeys: (
    roles: readonly OnlineRole[],
    actor: string,
  ) => Promise<OnlinePublicKeys | undefined>;
  readonly readTrust: () => Promise<TrustState>;
  readonly readExpiry: () => Promise<readonly FileExpiry[]>;
  readonly foundTrust: (founding: Founding, actor: string) => Promise<FoundingOutcome>;
}

const Key = z
  .object({ keytype: z.string(), scheme: z.string(), keyval: z.object({ public: z.string() }) })
  .openapi('PublicKey');
const OnlineKeysJson = z.object({
  image: z.object({ snapshot: Key, timestamp: Key }),
  director: z.object({ targets: Key, snapshot: Key, timestamp: Key }),
});
const RootJson = z.object({ rootVersion: z.int(), expires: z.string() }).nullable();
const TrustJson = z
  .object({ initialised: z.boolean(), image: RootJson, director: RootJson })
  .openapi('Trust');

const ExpiryJson = z.object({
  repository: z.enum(['image', 'director']),
  role: z.string(),
  version: z.int(),
  expires: z.string(),
  daysLeft: z.int(),
  level: z.enum(EXPIRY_LEVELS),
});

const keys = createRoute({
  method: 'get',
  path: '/keys/online',
  summary: 'The public keys of this server, for the roots that name them',
  responses: { 200: jsonAnswer('As TUF key objects', OnlineKeysJson) },
});

const next = createRoute({
  method: 'post',
  path: '/keys/online/next',
  summary: 'Make the keys that the next roots shall name; the same again until a root names them',
  request: jsonBody(
    z.strictObject({
      roles: z
        .array(z.enum(ONLINE_ROLES))
        .min(1)
        .max(5)
        .default([...ONLINE_ROLES]),
    }),
  ),
  responses: {
    200: jsonAnswer('All five, as the next roots would name them', OnlineKeysJson),
    400: errorAnswer('The request is not understood'),
    409: errorAnswer('`not_initialised`: the first roots name the first keys'),
  },
});

const read = createRoute({
  method: 'get',
  path: '/trust',
  summary: 'Whether trust is set up, and how long its roots hold',
  responses: {
    200: jsonAnswer(
      'The newest roots, and when what people sign expires, the most urgent first',
      TrustJson.extend({ expiry: z.array(ExpiryJson) }),
    ),
  },
});

const found = createRoute({
  method: 'post',
  path: '/trust',
  summary: 'Found both repositories with version 1 of their signed files',
  request: jsonBody(
    z.strictObject({ imageRoot: SignedText, imageTargets: SignedText, directorRoot: SignedText }),
  ),
  responses: {
    201: jsonAnswer('Founded', TrustJson),
    400: errorAnswer('The request is not understood'),
    409: errorAnswer('Trust was founded before'),
    422: jsonAnswer('A device would refuse these files', RefusedSchema),
  },
});

/** How trust begins: the author signs, the server only adds snapshot and timestamp. */
export function trustRoutes(deps: TrustDeps) {
  return openApiApp<OperatorEnv>()
    .openapi(keys, async (c) => c.json(await deps.onlineKeys(), 200))
    .openapi(next, async (c) => {
      const made = await deps.nextKeys(c.req.valid('json').roles, actorOf(c.get('operator')));
      if (made !== undefined) return c.json(made, 200);
      return c.json({ code: 'not_initialised', message: 'found trust first (POST /trust)' }, 409);
    })
    .openapi(read, async (c) => {
      const expiry = [...(await deps.readExpiry())];
      return c.json({ ...(await deps.readTrust()), expiry }, 200);
    })
    .openapi(found, async (c) => {
      const founding = c.req.valid('json');
      const outcome = await orRefused(() => deps.foundTrust(founding, actorOf(c.get('operator'))));
      if (outcome.kind === 'refused') return c.json(outcome.body, 422);
      const { value } = outcome;
      switch (value.kind) {
        case 'founded':
          return c.json(value.trust, 201);
        case 'already_initialised':
          return c.json({ code: value.kind, message: 'trust was founded before' }, 409);
        case 'role_unsafe':
          return c.json({ code: value.kind, message: value.message }, 422);
      }
    });
}
