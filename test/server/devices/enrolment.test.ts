import { beforeEach, describe, expect, test } from 'vitest';
import type { Signer } from '../../../shared/crypto/signer.ts';
import { signDsse } from '../../../shared/dsse.ts';
import type { Enrolment } from '../../../shared/protocol/enrolment.ts';
import { MEDIA_TYPES } from '../../../shared/protocol/media-types.ts';
import { deviceDesk, type DeviceDeskDeps } from '../../../server/devices/device-desk.ts';
import { enrolmentRoutes } from '../../../server/devices/enrolment-routes.ts';
import { MAX_ENROLMENT_BYTES } from '../../../server/devices/open-enrolment.ts';
import { deviceOf, keyOf, startFleet, type Fleet } from '../../support/fleet.ts';

interface World extends Fleet {
  readonly accepted: string[];
  readonly left: string[];
  readonly states: string[];
  readonly desk: ReturnType<typeof deviceDesk>;
  readonly issue: (change?: Partial<TokenWish>) => Promise<string>;
  readonly post: (body: string) => Promise<{ status: number; body: unknown }>;
  readonly enrol: (
    enrolment: Enrolment,
    signer?: Signer,
  ) => Promise<{ status: number; body: unknown }>;
}
type TokenWish = Parameters<ReturnType<typeof deviceDesk>['issueEnrolmentToken']>[0];

async function begin(): Promise<World> {
  const fleet = await startFleet();
  const accepted: string[] = [];
  const left: string[] = [];
  const states: string[] = [];
  let tokens = 0;
  const deps: DeviceDeskDeps = {
    ...fleet,
    deviceAccepted: (_tx, { id }) => {
      accepted.push(id);
      return Promise.resolve([id]);
    },
    deviceLeft: (_tx, { id }) => {
      left.push(id);
      return Promise.resolve(['another']);
    },
    stateChanged: (id, state) => states.push(`${id} ${state}`),
    randomBytes: (count) => Buffer.alloc(count, (tokens += 1)),
  };
  const desk = deviceDesk(deps);
  const app = enrolmentRoutes(desk);
  const post = async (body: string) => {
    const response = await app.request('/enroll', { method: 'POST', body });
    return { status: response.status, body: await response.json() };
  };
  return {
    ...fleet,
    accepted,
    left,
    states,
    desk,
    post,
    issue: async (change = {}) => {
      const wish = { name: 'factory', product: null, uses: 1, hours: 24, accept: true, ...change };
      return (await desk.issueEnrolmentToken(wish, 'operator:kim')).token;
    },
    enrol: async (enrolment, signer = keyOf(enrolment.device)) => {
      const payload = Buffer.from(JSON.stringify(enrolment));
      return post(JSON.stringify(await signDsse(MEDIA_TYPES.enrolment, payload, [signer])));
    },
  };
}

let world: World;
beforeEach(async () => {
  world = await begin();
});

function asking(token: string, device = 'pump-1', change: Partial<Enrolment> = {}): Enrolment {
  const publicKey = keyOf(device).publicKey.keyval.public;
  const schema = 'sealift.enrolment/1';
  return { schema, token, device, product: 'gateway', hardwareId: 'rpi4', publicKey, ...change };
}

describe('a device with a good token', () => {
  test('is accepted, handed to rollouts and announced', async () => {
    const answer = await world.enrol(asking(await world.issue()));

    expect(answer).toEqual({ status: 200, body: { state: 'accepted' } });
    expect(world.accepted).toEqual(['pump-1']);
    expect(world.announced).toEqual(['pump-1']);
    expect(await deviceOf(world, 'pump-1')).toMatchObject({
      public_key: keyOf('pump-1').publicKey.keyval.public,
      hardware_id: 'rpi4',
      state: 'accepted',
    });
  });

  test('waits as pending when the token does not accept, and is handed to nobody', async () => {
    const answer = await world.enrol(asking(await world.issue({ accept: false })));

    expect(answer.body).toEqual({ state: 'pending' });
    expect(world.accepted).toEqual([]);
  });

  test('gets the same answer again, also when the token is used up and expired since', async () => {
    const enrolment = asking(await world.issue());
    await world.enrol(enrolment);
    world.passes(48 * 3_600_000);

    expect(await world.enrol(enrolment)).toEqual({ status: 200, body: { state: 'accepted' } });
    expect(world.accepted).toEqual(['pump-1']);
  });

  test('takes one use of it, and asking again takes none', async () => {
    const token = await world.issue({ uses: 2 });
    await world.enrol(asking(token));
    await world.enrol(asking(token));

    expect((await world.enrol(asking(token, 'pump-2'))).status).toBe(200);
    expect(await world.enrol(asking(token, 'pump-3'))).toMatchObject({
      status: 401,
      body: { code: 'token_spent' },
    });
  });

  test('is let in up to the last millisecond of its token, and not after', async () => {
    const token = await world.issue({ hours: 1, uses: 2 });
    world.passes(3_600_000 - 1);
    expect((await world.enrol(asking(token))).status).toBe(200);
    world.passes(1);
    expect(await world.enrol(asking(token, 'pump-2'))).toMatchObject({
      status: 401,
      body: { code: 'token_spent' },
    });
  });

  test('of its own product is let in, of another one is not', async () => {
    const token = await world.issue({ product: 'gateway' });
    const elsewhere = await world.issue({ product: 'pump' });
    expect(await world.enrol(asking(elsewhere))).toMatchObject({
      status: 401,
      body: { code: 'token_unknown' },
    });
    expect((await world.enrol(asking(token))).status).toBe(200);
  });

  test('is refused for a product that is not registered', async () => {
    const token = await world.issue();
    expect(await world.enrol(asking(token, 'pump-1', { product: 'pump' }))).toMatchObject({
      status: 404,
      body: { code: 'unknown_product' },
    });
    expect((await world.enrol(asking(token))).status).toBe(200);
  });

  test('cannot take the id of another device, nor its key', async () => {
    const token = await world.issue({ uses: 9 });
    await world.enrol(asking(token));
    const thief = keyOf('thief');
    const stolenId = asking(token, 'pump-1', { publicKey: thief.publicKey.keyval.public });
    const stolenKey = asking(token, 'pump-2', {
      publicKey: keyOf('pump-1').publicKey.keyval.public,
    });

    for (const [enrolment, signer] of [
      [stolenId, thief],
      [stolenKey, keyOf('pump-1')],
    ] as const) {
      expect(await world.enrol(enrolment, signer)).toMatchObject({
        status: 409,
        body: { code: 'device_exists' },
      });
    }
    expect(world.accepted).toEqual(['pump-1']);
  });
});

describe('nobody is let in', () => {
  test('with a token that does not exist, nor learns which ids are taken', async () => {
    await world.enrol(asking(await world.issue()));
    const thief = keyOf('thief');
    const probe = asking('sle_guess', 'pump-1', { publicKey: thief.publicKey.keyval.public });
    expect(await world.enrol(probe, thief)).toMatchObject({
      status: 401,
      body: { code: 'token_unknown' },
    });
  });

  test('without holding the key that is announced', async () => {
    const token = await world.issue();
    expect(await world.enrol(asking(token), keyOf('thief'))).toMatchObject({
      status: 401,
      body: { code: 'proof_of_possession_failed' },
    });
    expect((await world.enrol(asking(token))).status).toBe(200);
  });

  test('by an envelope that was signed as something else', async () => {
    const payload = Buffer.from(JSON.stringify(asking(await world.issue())));
    const other = await signDsse(MEDIA_TYPES.report, payload, [keyOf('pump-1')]);
    expect(await world.post(JSON.stringify(other))).toMatchObject({
      status: 401,
      body: { code: 'proof_of_possession_failed' },
    });
  });

  test('under a key that anybody could sign for', async () => {
    const weak = `01${'00'.repeat(31)}`; // the neutral element of the curve
    const answer = await world.enrol(asking(await world.issue(), 'pump-1', { publicKey: weak }));
    expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_request' } });
  });

  test.each([
    ['garbage', 'garbage'],
    ['nothing', ''],
    ['a list', '[]'],
    ['an envelope without signatures', '{"payloadType":"x","payload":"e30=","signatures":[]}'],
    ['an empty payload', '{"payloadType":"x","payload":"","signatures":[{"sig":"AA=="}]}'],
    [
      'a payload of another form',
      '{"payloadType":"x","payload":"e30=","signatures":[{"sig":"AA=="}]}',
    ],
  ])('for %s', async (_name, body) => {
    expect(await world.post(body)).toMatchObject({
      status: 400,
      body: { code: 'malformed_request' },
    });
  });

  test('for more than an enrolment can be', async () => {
    expect(await world.post('x'.repeat(MAX_ENROLMENT_BYTES + 1))).toMatchObject({
      status: 413,
      body: { code: 'too_large' },
    });
  });

  test('with an id that is no device id', async () => {
    const answer = await world.enrol(asking(await world.issue(), 'a/b'));
    expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_request' } });
  });
});

test('a token is stored as its hash only, and what it was used for is in the audit trail', async () => {
  const token = await world.issue();
  await world.enrol(asking(token));

  const rows = await world.db.selectFrom('enrolment_tokens').selectAll().execute();
  const audit = await world.db.selectFrom('audit').selectAll().execute();
  expect(token).toMatch(/^sle_[A-Za-z0-9_-]{43}$/);
  expect(JSON.stringify([rows, audit])).not.toContain(token.slice(4));
  expect(audit.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
    'operator:kim enrolment_token_issued',
    'device:pump-1 device_enrolled',
  ]);
});

describe('an operator', () => {
  test('accepts a pending device, which is then handed to rollouts', async () => {
    await world.enrol(asking(await world.issue({ accept: false })));

    const acted = await world.desk.actOnDevice({
      id: 'pump-1',
      action: 'accept',
      actor: 'operator:kim',
    });

    expect(acted).toMatchObject({ kind: 'changed', state: 'accepted' });
    expect(world.accepted).toEqual(['pump-1']);
    expect(world.states).toEqual(['pump-1 accepted']);
  });

  test('retires an accepted device, which leaves its rollout', async () => {
    await world.enrol(asking(await world.issue()));

    await world.desk.actOnDevice({ id: 'pump-1', action: 'retire', actor: 'operator:kim' });

    expect(world.left).toEqual(['pump-1']);
    expect(world.announced).toEqual(['pump-1', 'another']);
    expect(world.states).toEqual(['pump-1 retired']);
  });

  test.each([
    ['pending', 'accept', 'accepted'],
    ['pending', 'reject', 'rejected'],
    ['pending', 'retire', 'retired'],
    ['accepted', 'retire', 'retired'],
    ['rejected', 'accept', 'accepted'],
    ['rejected', 'retire', 'retired'],
    ['accepted', 'accept', undefined],
    ['accepted', 'reject', undefined],
    ['retired', 'accept', undefined],
    ['retired', 'retire', undefined],
    ['rejected', 'reject', undefined],
  ] as const)('takes a device that is %s by %s to %s', async (state, action, expected) => {
    await world.enrol(asking(await world.issue()));
    await world.db.updateTable('devices').set({ state }).execute();

    const acted = await world.desk.actOnDevice({ id: 'pump-1', action, actor: 'operator:kim' });

    expect(acted.kind).toBe(expected === undefined ? 'not_allowed' : 'changed');
    expect((await deviceOf(world, 'pump-1')).state).toBe(expected ?? state);
  });
});
