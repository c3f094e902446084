import { expect, test } from 'vitest';
import { isLoopback } from '../../../server/http/status-access.ts';
import { testApp } from '../../support/test-app.ts';

const local = testApp();
const open = testApp({ host: '0.0.0.0' });

test.each(['localhost', 'localhost:8080', '127.0.0.1:8080', '[::1]:8080'])(
  'on the machine itself the page is open as http://%s',
  async (host) => {
    const answer = await (await local).ask('/', { token: null, headers: { Host: host } });

    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/html');
  },
);

test.each([
  ['a proxy asks for somebody else', { Host: 'localhost', 'X-Forwarded-For': '203.0.113.7' }],
  ['a proxy asks as RFC 7239 says', { Host: 'localhost', Forwarded: 'for=203.0.113.7' }],
  ['a name was pointed at this machine', { Host: 'evil.example' }],
  ['a name only begins like this machine', { Host: 'localhost.evil.example' }],
])('it is closed when %s', async (_name, headers) => {
  const app = await local;

  expect((await app.ask('/', { token: null, headers })).status).toBe(401);
  expect((await app.ask('/', { headers })).status).toBe(200);
});

test('it is closed to strangers where the server listens for the world', async () => {
  const app = await open;
  const headers = { Host: 'localhost' };

  expect((await app.ask('/', { token: null, headers })).status).toBe(401);
  expect((await app.ask('/', { headers })).status).toBe(200);
});

test('only this machine is this machine', () => {
  expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', '128.0.0.1'].some(isLoopback)).toBe(
    false,
  );
});
