import { Hono } from 'hono';
import { beforeEach, describe, expect, test } from 'vitest';
import { deviceDesk } from '../../../server/devices/device-desk.ts';
import { deviceRoutes } from '../../../server/devices/device-routes.ts';
import { tokenRoutes } from '../../../server/devices/token-routes.ts';
import type { OperatorEnv, OperatorRole } from '../../../server/http/operator.ts';
import { rolloutDesk } from '../../../server/rollouts/rollout-desk.ts';
import {
  addDevices,
  addRelease,
  report,
  signReport,
  startFleet,
  type Fleet,
} from '../../support/fleet.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await startFleet();
});

function appAs(role: OperatorRole) {
  const desk = deviceDesk({
    ...fleet,
    deviceAccepted: () => Promise.resolve([]),
    deviceLeft: () => Promise.resolve([]),
    stateChanged: () => undefined,
    randomBytes: (count) => Buffer.alloc(count, 7),
  });
  const issueOperatorToken = (wish: { readonly hours: number | null }) =>
    Promise.resolve({ token: 'slo_x', expiresAt: wish.hours === null ? null : 'later' });
  return new Hono<OperatorEnv>()
    .use(async (c, next) => {
      c.set('operator', { name: 'kim', role });
      await next();
    })
    .route('/', deviceRoutes(desk))
    .route('/', tokenRoutes({ ...desk, issueOperatorToken }));
}

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const response = await appAs('viewer').request(path);
  return { status: response.status, body: await response.json() };
}

async function post(path: string, body: unknown, role: OperatorRole = 'operator') {
  const response = await appAs(role).request(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

describe('the list of devices', () => {
  test('comes a page at a time, each device once', async () => {
    await addDevices(fleet, ['c', 'a', 'e', 'b', 'd']);
    const seen: string[] = [];
    let after = '';
    for (;;) {
      const { body } = await get(`/devices?limit=2${after}`);
      const { devices, next } = body as { devices: { id: string }[]; next: string | null };
      seen.push(...devices.map(({ id }) => id));
      if (next === null) break;
      after = `&after=${next}`;
    }
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('can be cut to a product and a state', async () => {
    await addDevices(fleet, ['a', 'b']);
    await addDevices(fleet, ['c'], { state: 'pending' });
    await addDevices(fleet, ['d'], { product: 'pump' });
    const ids = async (query: string) =>
      ((await get(`/devices?${query}`)).body as { devices: { id: string }[] }).devices.map(
        ({ id }) => id,
      );
    expect(await ids('product=gateway')).toEqual(['a', 'b', 'c']);
    expect(await ids('state=pending')).toEqual(['c']);
  });

  test.each(['limit=0', 'limit=1001', 'limit=x', 'state=lost', 'product=A/B', 'unknown=1'])(
    'is refused for %s',
    async (query) => {
      expect(await get(`/devices?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'malformed_request' },
      });
    },
  );
});

describe('one device', () => {
  test('is shown with what it runs, what it is assigned and what it last said', async () => {
    const manifest = await addRelease(fleet, '2.0.0');
    await addDevices(fleet, ['a'], {
      running_manifest_sha256: 'c'.repeat(64),
      running_version: '1.0.0',
      running_slot: 'b',
      security_epoch: 4,
    });
    const phases = [{ percent: 100, successPercent: 90, failurePercent: 10 }];
    const wish = { product: 'gateway', version: '2.0.0', phases, actor: 'operator:kim' };
    await rolloutDesk(fleet).createRollout(wish);
    const envelope = await signReport(report('a', 1, { kind: 'started' }));
    await fleet.db
      .insertInto('reports')
      .values({
        device: 'a',
        number: 1,
        envelope: Buffer.from(JSON.stringify(envelope)),
        kind: 'started',
        received_at: fleet.now().toISOString(),
      })
      .execute();

    const { status, body } = await get('/devices/a');

    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: 'a',
      state: 'accepted',
      running: { version: '1.0.0', slot: 'b', securityEpoch: 4, installedSha256: null },
      assignment: { rollout: 'rollout-1', version: '2.0.0', state: 'offered', code: null },
      lastReports: [{ number: 1, kind: 'started', event: { kind: 'started' } }],
    });
    expect(manifest).toHaveLength(64);
  });

  test('that nobody knows is not found', async () => {
    expect(await get('/devices/nobody')).toMatchObject({
      status: 404,
      body: { code: 'unknown_device' },
    });
  });
});

describe('changing a device', () => {
  test('answers it as it is now', async () => {
    await addDevices(fleet, ['a'], { state: 'pending' });
    expect(await post('/devices/a/state', { action: 'accept' })).toMatchObject({
      status: 200,
      body: { id: 'a', state: 'accepted' },
    });
  });

  test('is refused from a state that does not allow it', async () => {
    await addDevices(fleet, ['a'], { state: 'retired' });
    expect(await post('/devices/a/state', { action: 'accept' })).toMatchObject({
      status: 409,
      body: { code: 'not_allowed' },
    });
  });

  test('is refused for a device that nobody knows', async () => {
    expect(await post('/devices/x/state', { action: 'accept' })).toMatchObject({
      status: 404,
      body: { code: 'unknown_device' },
    });
  });

  test('is refused for an action that does not exist, naming the field', async () => {
    expect(await post('/devices/a/state', { action: 'explode' })).toMatchObject({
      status: 400,
      body: { code: 'malformed_request', issues: [{ path: 'action' }] },
    });
  });
});

describe('issuing a token', () => {
  test('for enrolment is allowed with the usual limits', async () => {
    const { status, body } = await post('/tokens', { kind: 'enrolment', name: 'factory' });
    expect(status).toBe(201);
    expect(body).toEqual({
      token: `sle_${Buffer.alloc(32, 7).toString('base64url')}`,
      expiresAt: '2026-06-02T12:00:00.000Z',
    });
    expect(await fleet.db.selectFrom('enrolment_tokens').selectAll().execute()).toMatchObject([
      { uses_left: 1, accepts: 1, product: null },
    ]);
  });

  test('for an operator is for an admin only', async () => {
    const wish = { kind: 'operator', name: 'ci', role: 'author' };
    expect(await post('/tokens', wish, 'operator')).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect(await post('/tokens', wish, 'admin')).toMatchObject({
      status: 201,
      body: { token: 'slo_x' },
    });
  });

  test.each([
    [{ kind: 'enrolment' }],
    [{ kind: 'enrolment', name: 'x', uses: 0 }],
    [{ kind: 'enrolment', name: 'x', uses: 100_001 }],
    [{ kind: 'enrolment', name: 'x', hours: 0 }],
    [{ kind: 'enrolment', name: 'x', product: '../x' }],
    [{ kind: 'enrolment', name: 'x', more: 1 }],
    [{ kind: 'operator', name: 'x', role: 'god' }],
    [{ kind: 'wish', name: 'x' }],
    [[]],
  ])('is refused for %j', async (wish) => {
    expect(await post('/tokens', wish, 'admin')).toMatchObject({
      status: 400,
      body: { code: 'malformed_request' },
    });
  });
});
