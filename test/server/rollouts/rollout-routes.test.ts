import { Hono } from 'hono';
import { beforeEach, describe, expect, test } from 'vitest';
import type { OperatorEnv } from '../../../server/http/operator.ts';
import { rolloutDesk } from '../../../server/rollouts/rollout-desk.ts';
import { rolloutRoutes } from '../../../server/rollouts/rollout-routes.ts';
import { addDevices, addRelease, deviceIds, startFleet, type Fleet } from '../../support/fleet.ts';

let fleet: Fleet;
let manifest: string;

beforeEach(async () => {
  fleet = await startFleet();
  manifest = await addRelease(fleet, '2.0.0');
  await addDevices(fleet, deviceIds(10));
});

async function request(path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const app = new Hono<OperatorEnv>()
    .use(async (c, next) => {
      c.set('operator', { name: 'kim', role: 'operator' });
      await next();
    })
    .route('/', rolloutRoutes(rolloutDesk(fleet)));
  const response = await app.request(
    path,
    body === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        },
  );
  return { status: response.status, body: await response.json() };
}

const phase = { percent: 10, successPercent: 90, failurePercent: 10 };
const wish = { product: 'gateway', version: '2.0.0', phases: [phase, { ...phase, percent: 100 }] };

test('a rollout is created, shown and listed alike', async () => {
  const created = await request('/rollouts', wish);

  expect(created).toEqual({
    status: 201,
    body: {
      id: 'rollout-1',
      product: 'gateway',
      version: '2.0.0',
      manifestSha256: manifest,
      state: 'running',
      phase: 0,
      reason: null,
      onlyRunning: null,
      createdAt: '2026-06-01T12:00:00.000Z',
      changedAt: '2026-06-01T12:00:00.000Z',
      phases: [
        { ...phase, members: 1, offered: 1, proven: 0, failed: 0 },
        { ...phase, percent: 100, members: 9, offered: 0, proven: 0, failed: 0 },
      ],
    },
  });
  expect(await request('/rollouts/rollout-1')).toEqual({ ...created, status: 200 });
  expect(await request('/rollouts')).toEqual({ status: 200, body: { rollouts: [created.body] } });
});

test('a rollout of a release that nobody published is not found', async () => {
  expect(await request('/rollouts', { ...wish, version: '9.9.9' })).toMatchObject({
    status: 404,
    body: { code: 'unknown_release' },
  });
});

test('a second rollout of a product must wait for the first', async () => {
  await request('/rollouts', wish);
  expect(await request('/rollouts', wish)).toMatchObject({
    status: 409,
    body: { code: 'rollout_running' },
  });
});

test('a rollout that reaches no device is refused', async () => {
  await fleet.db.deleteFrom('devices').execute();
  expect(await request('/rollouts', wish)).toMatchObject({
    status: 409,
    body: { code: 'no_devices' },
  });
});

describe('an action', () => {
  beforeEach(() => request('/rollouts', wish));

  test('that is allowed answers the rollout as it is now', async () => {
    expect(await request('/rollouts/rollout-1/state', { action: 'pause' })).toMatchObject({
      status: 200,
      body: { id: 'rollout-1', state: 'paused' },
    });
  });

  test('that is not allowed from its state is refused', async () => {
    expect(await request('/rollouts/rollout-1/state', { action: 'resume' })).toMatchObject({
      status: 409,
      body: { code: 'not_allowed', message: 'cannot resume what is running' },
    });
  });

  test('that does not exist is refused, naming the field', async () => {
    expect(await request('/rollouts/rollout-1/state', { action: 'explode' })).toMatchObject({
      status: 400,
      body: { code: 'malformed_request', issues: [{ path: 'action' }] },
    });
  });

  test('on a rollout that nobody knows is not found', async () => {
    expect(await request('/rollouts/x/state', { action: 'pause' })).toMatchObject({
      status: 404,
      body: { code: 'unknown_rollout' },
    });
    expect((await request('/rollouts/x')).status).toBe(404);
  });
});

test.each([
  ['no phases', { ...wish, phases: [] }],
  ['phases that do not ascend', { ...wish, phases: [phase, phase] }],
  [
    'too many phases',
    { ...wish, phases: Array.from({ length: 33 }, (_, i) => ({ ...phase, percent: i + 1 })) },
  ],
  ['more than everybody', { ...wish, phases: [{ ...phase, percent: 101 }] }],
  ['nobody', { ...wish, phases: [{ ...phase, percent: 0 }] }],
  ['part of a percent', { ...wish, phases: [{ ...phase, percent: 1.5 }] }],
  ['a success of nothing', { ...wish, phases: [{ ...phase, successPercent: 0 }] }],
  ['no failure limit', { ...wish, phases: [{ percent: 1, successPercent: 1 }] }],
  ['a number as text', { ...wish, phases: [{ ...phase, percent: '10' }] }],
  ['a name that is a path', { ...wish, product: '../gateway' }],
  ['a field too many', { ...wish, force: true }],
  ['a list', []],
  ['null', null],
])('a rollout with %s is malformed, and nothing is created', async (_name, body) => {
  expect(await request('/rollouts', body)).toMatchObject({
    status: 400,
    body: { code: 'malformed_request' },
  });
  expect(await request('/rollouts')).toEqual({ status: 200, body: { rollouts: [] } });
});
