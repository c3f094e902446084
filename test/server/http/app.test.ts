import { expect, test } from 'vitest';
import { mayCall } from '../../../server/http/permissions.ts';
import type { OperatorRole } from '../../../server/http/operator.ts';
import { testApp, type TestApp } from '../../support/test-app.ts';

const shared = testApp();

async function codeOf(answer: Response): Promise<unknown> {
  return ((await answer.json()) as { code: unknown }).code;
}

const ALL: readonly OperatorRole[] = ['admin', 'author', 'operator', 'viewer'];

test.each<[string, string, readonly OperatorRole[]]>([
  ['GET', '/releases', ALL],
  ['GET', '/audit', ALL],
  ['POST', '/trust', ['admin']],
  ['POST', '/products', ['admin', 'author']],
  ['POST', '/releases', ['admin', 'author']],
  ['PUT', `/blobs/${'a'.repeat(64)}`, ['admin', 'author']],
  ['POST', '/rollouts', ['admin', 'operator']],
  ['POST', '/rollouts/r1/state', ['admin', 'operator']],
  ['POST', '/devices/d1/state', ['admin', 'operator']],
  ['POST', '/tokens', ['admin', 'operator']],
  ['DELETE', '/releases/gateway/1.0.0', ['admin']],
  ['POST', '/a-route-of-tomorrow', ['admin']],
])('%s %s is for %j', (method, path, roles) => {
  expect(ALL.filter((role) => mayCall(role, method, path))).toEqual(roles);
});

test.each([null, 'slo_' + 'A'.repeat(43), 'sle_' + 'A'.repeat(43), 'x', 'slo_'])(
  'the token %s opens nothing',
  async (token) => {
    const app = await shared;

    for (const path of ['/api/v1/trust', '/api/v1/openapi.json', '/api/v1/audit']) {
      const answer = await app.ask(path, { token });
      expect(answer.status).toBe(401);
      expect(await codeOf(answer)).toBe('unauthorized');
    }
  },
);

test('a role that may not do it is told so before its body is read', async () => {
  const app = await shared;
  const token = await app.tokenFor('viewer');

  const answer = await app.ask('/api/v1/trust', { method: 'POST', token, body: 'not json' });

  expect(answer.status).toBe(403);
  expect(await codeOf(answer)).toBe('forbidden');
});

test('only an admin lets operators in', async () => {
  const app = await testApp();
  const json = { kind: 'operator', name: 'ann', role: 'author', hours: 1 };
  const operator = await app.tokenFor('operator');
  const refused = await app.ask('/api/v1/tokens', { method: 'POST', token: operator, json });
  expect(refused.status).toBe(403);

  const answer = await app.ask('/api/v1/tokens', { method: 'POST', json });

  expect(answer.status).toBe(201);
  const { token, expiresAt } = (await answer.json()) as { token: string; expiresAt: string };
  expect(token).toMatch(/^slo_[A-Za-z0-9_-]{43}$/);
  expect(expiresAt).toBe('2026-06-01T13:00:00.000Z');
  app.clock.now = new Date('2026-06-01T12:59:59Z');
  expect((await app.ask('/api/v1/trust', { token })).status).toBe(200);
  app.clock.now = new Date('2026-06-01T13:00:00Z');
  expect((await app.ask('/api/v1/trust', { token })).status).toBe(401);
});

test('the database knows no token, only its hash', async () => {
  const app = await testApp();
  const token = await app.tokenFor('author');

  const rows = await app.ground.db.selectFrom('operator_tokens').selectAll().execute();
  const audit = await app.ground.db.selectFrom('audit').selectAll().execute();

  expect(JSON.stringify({ rows, audit })).not.toContain(token.slice(4));
});

test('the API describes itself', async () => {
  const app = await shared;

  const answer = await app.ask('/api/v1/openapi.json');

  const document = (await answer.json()) as { openapi: string; paths: Record<string, object> };
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(['/trust', '/products', '/releases', '/rollouts', '/devices', '/audit']),
  );
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path)) {
      expect(operation).toHaveProperty('summary');
    }
  }
});

test('answers of the API are not kept, and not sniffed', async () => {
  const answer = await (await shared).ask('/api/v1/trust');

  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
});

const DOORS: readonly (readonly [string, string])[] = [
  ['POST', '/api/v1/trust'],
  ['POST', '/api/v1/products'],
  ['POST', '/api/v1/releases'],
  ['POST', '/api/v1/tokens'],
  ['POST', '/api/v1/rollouts'],
  ['POST', '/api/v1/rollouts/r1/state'],
  ['POST', '/api/v1/devices/d1/state'],
  ['POST', '/device/v1/enroll'],
];

const GARBAGE: readonly string[] = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '1e999',
  '{"__proto__":{"role":"admin"}}',
  '\u0000\ufffd',
  '['.repeat(50_000),
  JSON.stringify({ kind: 'operator', name: {}, role: 'god' }),
];

test.each(DOORS)(
  '%s %s answers garbage with a sentence, never with a crash',
  async (method, path) => {
    const app = await shared;

    for (const body of GARBAGE) {
      const headers = { 'Content-Type': 'application/json' };
      const answer = await app.ask(path, { method, body, headers });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(await answer.json()).toMatchObject({
        code: expect.any(String) as string,
        message: expect.any(String) as string,
      });
    }
    expect(app.logged).toEqual([]);
  },
);

test.each(DOORS)('%s %s refuses more than it would ever read', async (method, path) => {
  const app = await shared;
  const tooMuch = new Uint8Array(40 * 1_024 * 1_024);

  const answer = await app.ask(path, { method, body: tooMuch });

  expect(answer.status).toBe(413);
  expect(await codeOf(answer)).toBe('too_large');
});

test('a body that is no JSON at all, by its type, is not understood', async () => {
  const app = await shared;

  const answer = await app.ask('/api/v1/tokens', {
    method: 'POST',
    body: 'kind=operator',
    headers: { 'Content-Type': 'text/plain' },
  });

  expect(answer.status).toBe(415);
  expect(await codeOf(answer)).toBe('unsupported_media_type');
});

test.each(['/nothing', '/api/v2/trust', '/device/v1/', '/image/../keys', '/console'])(
  'there is nothing at %s',
  async (path) => {
    const answer = await (await shared).ask(path);

    expect(answer.status).toBe(404);
    expect(await codeOf(answer)).toMatch(/not_found|unknown_file/);
  },
);

test('an error of ours is logged with its place, and its words are told to nobody', async () => {
  const app: TestApp = await testApp();
  await app.ground.db.destroy();

  const answer = await app.ask('/image/timestamp.json?secret=1', { token: null });

  expect(answer.status).toBe(500);
  expect(await answer.json()).toEqual({
    code: 'internal',
    message: 'something went wrong here; see the log',
  });
  expect(app.logged).toMatchObject([
    { event: 'request_failed', fields: { method: 'GET', path: '/image/timestamp.json' } },
  ]);
  expect(JSON.stringify(app.logged)).not.toContain('secret');
});

test('health is public', async () => {
  expect(await (await (await shared).ask('/healthz', { token: null })).json()).toEqual({
    status: 'ok',
  });
});
