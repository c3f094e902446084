import { afterAll, beforeAll, expect, test } from 'vitest';
import { personAt, startTeam, type Team } from './ceremony-team.ts';

// What people sign runs out within the test: it is signed by a clock that is almost its life behind.
let team: Team;

beforeAll(async () => {
  team = await startTeam('--single');
  await team.founder.json('product', 'add', 'gateway', '--hardware', 'rpi4');
}, 60_000);
afterAll(() => team.server.stop());

const DAY = 86_400_000;
const SECONDS_LEFT = 30; // the three renewals must fit, on a busy machine too
const lateBy = (days: number) => () =>
  new Date(new Date().getTime() - days * DAY + SECONDS_LEFT * 1_000);

async function levels(): Promise<readonly string[]> {
  const { files } = await team.founder.json('keys', 'status');
  return (files as { level: string }[]).map(({ level }) => level);
}

test('what has expired is renewed, all of it at once', { timeout: 120_000 }, async () => {
  const { home } = team.founder;
  await personAt(home, { now: lateBy(365) }).json('keys', 'renew', '--root');
  await personAt(home, { now: lateBy(180) }).json('keys', 'renew', '--targets');
  await personAt(home, { now: lateBy(180) }).json('keys', 'renew', '--product', 'gateway');
  await expect
    .poll(levels, { timeout: 60_000, interval: 1_000 })
    .toEqual(['expired', 'expired', 'expired', 'expired']);

  // Only the targets were named; devices could not use them under a root that has expired.
  expect(await team.founder.json('keys', 'renew', '--targets')).toMatchObject({
    state: 'published',
  });
  expect(await levels()).toEqual(['ok', 'expired', 'ok', 'ok']);
  expect(await team.founder.json('keys', 'renew', '--all')).toMatchObject({ state: 'published' });
  expect(await levels()).toEqual(['ok', 'ok', 'ok', 'ok']);
});
