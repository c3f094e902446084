import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { auditChain, startFakeServer, type FakeServer } from '../fake-server.ts';
import { newHome, operatorAt, type Operator } from '../operator.ts';

let server: FakeServer;
let operator: Operator;

beforeAll(async () => {
  server = await startFakeServer();
});
beforeEach(async () => {
  server.trail.length = 0;
  operator = operatorAt(await newHome());
  await operator.json('login', '--server', server.url, '--token', server.token);
});
afterAll(() => server.close());

const setTrail = (trail: ReturnType<typeof auditChain>): void => {
  server.trail.splice(0, Infinity, ...trail);
};

test('a trail of several pages is verified here', async () => {
  setTrail(auditChain(1_203));
  expect(await operator.json('audit', 'verify')).toMatchObject({ entries: 1_203 });
});

test('a trail that grew goes on from what was seen', async () => {
  setTrail(auditChain(3));
  await operator.json('audit', 'verify');
  setTrail(auditChain(5));
  expect((await operator.run('audit', 'verify')).stdout).toContain('5 entries, 2 new');
});

test('an empty trail is whole', async () => {
  expect(await operator.json('audit', 'verify')).toMatchObject({ entries: 0 });
});

test('a changed entry breaks the chain', async () => {
  setTrail(
    auditChain(5).map((entry) => (entry.sequence === 3 ? { ...entry, actor: 'me' } : entry)),
  );
  expect(await operator.refused('audit', 'verify')).toBe('audit_broken');
});

test('a trail whose newest entries are gone is cut, though its chain holds', async () => {
  setTrail(auditChain(5));
  await operator.json('audit', 'verify');
  setTrail(auditChain(4));
  expect(await operator.refused('audit', 'verify')).toBe('audit_cut');
});

test('a trail that was written anew differs from what was seen, though its chain holds', async () => {
  setTrail(auditChain(5));
  await operator.json('audit', 'verify');
  setTrail(auditChain(6, 'somebody else'));
  expect(await operator.refused('audit', 'verify')).toBe('audit_rewritten');
  setTrail(auditChain(6));
  expect(await operator.json('audit', 'verify')).toMatchObject({ entries: 6 });
});

test('a server that repeats its entries does not keep us for ever', async () => {
  const body = { entries: auditChain(2) };
  server.answers.set('GET /api/v1/audit', () => ({ status: 200, body }));
  const code = await operator.refused('audit', 'verify');
  server.answers.clear();
  expect(code).toBe('audit_broken');
});
