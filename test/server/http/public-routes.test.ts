import { expect, test } from 'vitest';
import { publicRoutes } from '../../../server/http/public-routes.ts';

const now = (): Date => new Date('2026-06-01T12:00:00Z');
const yes = (): Promise<boolean> => Promise.resolve(true);
const no = (): Promise<boolean> => Promise.resolve(false);

test('a server whose database does not answer says that it is not well', async () => {
  const app = publicRoutes({ now, isHealthy: no, securityContact: undefined });

  expect((await app.request('/healthz')).status).toBe(503);
});

test('whom to tell about a hole is told where every researcher looks', async () => {
  const securityContact = 'mailto:security@example.com';
  const app = publicRoutes({ now, isHealthy: yes, securityContact });

  const answer = await app.request('/.well-known/security.txt');

  expect(await answer.text()).toBe(
    'Contact: mailto:security@example.com\nExpires: 2027-06-01T12:00:00.000Z\n',
  );
});

test('without a contact there is no security.txt that names nobody', async () => {
  const app = publicRoutes({ now, isHealthy: yes, securityContact: undefined });

  expect((await app.request('/.well-known/security.txt')).status).toBe(404);
});
