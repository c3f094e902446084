import { createRoute, z } from '@hono/zod-openapi';
import { errorAnswer, jsonAnswer, jsonBody } from '../http/answers.ts';
import { openApiApp } from '../http/open-api-app.ts';
import { actorOf, type OperatorEnv } from '../http/operator.ts';
import type { Acted, Act } from './act-on-rollout.ts';
import type { Creation, Wish } from './create-rollout.ts';
import type { Rollout } from './rollout-store.ts';
import { NewRollout, RolloutSchema, StateChange } from './rollout-schemas.ts';

export interface RolloutDeps {
  /** Creates it and carries its first phase out. */
  readonly createRollout: (wish: Wish) => Promise<Creation>;
  /** Acts on it and carries out what follows. */
  readonly actOnRollout: (act: Act) => Promise<Acted>;
  readonly findRollout: (id: string) => Promise<Rollout | undefined>;
  readonly listRollouts: () => Promise<readonly Rollout[]>;
}

const create = createRoute({
  method: 'post',
  path: '/rollouts',
  summary: 'Roll a release out in phases, on proof',
  request: jsonBody(NewRollout),
  responses: {
    201: jsonAnswer('The rollout, its first phase offered', RolloutSchema),
    400: errorAnswer('The request is not understood'),
    404: errorAnswer('`unknown_release`'),
    409: errorAnswer(
      '`rollout_running`, `no_devices`, `release_recalled` or `release_counter_lower`',
    ),
  },
});

const list = createRoute({
  method: 'get',
  path: '/rollouts',
  summary: 'Rollouts, newest first',
  responses: {
    200: jsonAnswer('At most 1,000', z.object({ rollouts: z.array(RolloutSchema) })),
  },
});

const params = z.object({ id: z.string().max(64) });

const show = createRoute({
  method: 'get',
  path: '/rollouts/{id}',
  summary: 'One rollout with its phases and counters',
  request: { params },
  responses: {
    200: jsonAnswer('The rollout', RolloutSchema),
    404: errorAnswer('`unknown_rollout`'),
  },
});

const change = createRoute({
  method: 'post',
  path: '/rollouts/{id}/state',
  summary: 'Pause, resume or abort a rollout',
  request: { params, ...jsonBody(StateChange) },
  responses: {
    200: jsonAnswer('The rollout as it is now', RolloutSchema),
    400: errorAnswer('The request is not understood'),
    404: errorAnswer('`unknown_rollout`'),
    409: errorAnswer('`not_allowed` from its state'),
  },
});

/** `/rollouts`: what operators ask of rollouts. Everything else happens to them by proof. */
export function rolloutRoutes(deps: RolloutDeps) {
  return openApiApp<OperatorEnv>()
    .openapi(create, async (c) => {
      const actor = actorOf(c.get('operator'));
      const created = await deps.createRollout({ ...c.req.valid('json'), actor });
      switch (created.kind) {
        case 'created':
          return c.json(wire(created.rollout), 201);
        case 'unknown_release':
          return c.json(refusal('unknown_release', 'no such release is published'), 404);
        case 'release_recalled':
          return c.json(
            refusal('release_recalled', `this release was recalled: ${created.reason}`),
            409,
          );
        case 'release_counter_lower':
          return c.json(refusal('release_counter_lower', lower(created)), 409);
        case 'no_devices':
          return c.json(refusal('no_devices', 'no accepted device fits this release'), 409);
        case 'rollout_running':
          return c.json(
            refusal('rollout_running', `rollout ${created.running} of this product is not over`),
            409,
          );
      }
    })
    .openapi(list, async (c) => {
      const rollouts = await deps.listRollouts();
      return c.json({ rollouts: rollouts.map(wire) }, 200);
    })
    .openapi(show, async (c) => {
      const rollout = await deps.findRollout(c.req.valid('param').id);
      return rollout === undefined ? c.json(UNKNOWN, 404) : c.json(wire(rollout), 200);
    })
    .openapi(change, async (c) => {
      const { id } = c.req.valid('param');
      const { action } = c.req.valid('json');
      const acted = await deps.actOnRollout({ id, action, actor: actorOf(c.get('operator')) });
      switch (acted.kind) {
        case 'changed':
          return c.json(wire(acted.rollout), 200);
        case 'unknown_rollout':
          return c.json(UNKNOWN, 404);
        case 'not_allowed':
          return c.json(refusal('not_allowed', `cannot ${action} what is ${acted.state}`), 409);
      }
    });
}

function lower({ beyond, counter }: { beyond: number; counter: number }): string {
  return `${beyond} of the devices have committed a release after this one, which is number ${counter}, and would refuse it; reissue it first (sealift release reissue)`;
}

const UNKNOWN = refusal('unknown_rollout', 'there is no such rollout');

function refusal(code: string, message: string): { code: string; message: string } {
  return { code, message };
}

function wire(rollout: Rollout): z.infer<typeof RolloutSchema> {
  return { ...rollout, phases: rollout.phases.map((phase) => ({ ...phase })) };
}
