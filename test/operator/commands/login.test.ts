import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serverAddress } from '../../../operator/workspace/config.ts';
import { startFakeServer, type FakeServer } from '../fake-server.ts';
import { newHome, operatorAt, type Operator } from '../operator.ts';

let server: FakeServer;
let operator: Operator;

beforeAll(async () => {
  server = await startFakeServer();
});
beforeEach(async () => {
  server.answers.clear();
  operator = operatorAt(await newHome());
});
afterAll(() => server.close());

test('login stores address and token for their owner only', async () => {
  await operator.json('login', '--server', `${server.url}/`, '--token', server.token);
  const path = join(operator.home, 'config.json');
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
    server: server.url,
    token: server.token,
  });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a token that the server does not know is not stored', async () => {
  expect(await operator.refused('login', '--server', server.url, '--token', 'slo_wrong')).toBe(
    'unauthorized',
  );
  await expect(stat(join(operator.home, 'config.json'))).rejects.toThrow('ENOENT');
});

test('the token may come from the environment, where ps does not show it', async () => {
  const env = { SEALIFT_HOME: operator.home, SEALIFT_TOKEN: server.token };
  await operatorAt(operator.home, { env }).json('login', '--server', server.url);
  expect(await operator.json('audit', 'list')).toEqual({ entries: [] });
});

test('a workspace is of one server', async () => {
  await operator.json('login', '--server', server.url, '--token', server.token);
  const other = ['login', '--server', 'https://other.example.com', '--token', 'slo_x'];
  expect(await operator.refused(...other)).toBe('server_changed');
});

describe('an address', () => {
  test.each([
    ['http://updates.example.com', 'plaintext_refused'],
    ['ftp://updates.example.com', 'wrong_usage'],
    ['updates.example.com', 'wrong_usage'],
  ])('%s is refused', (address, code) => {
    expect(() => serverAddress(address, false)).toThrow(expect.objectContaining({ code }));
  });

  test.each([
    ['https://updates.example.com/', false, 'https://updates.example.com'],
    ['https://example.com/ota/', false, 'https://example.com/ota'],
    ['http://127.0.0.1:8080', false, 'http://127.0.0.1:8080'],
    ['http://[::1]:8080', false, 'http://[::1]:8080'],
    ['http://updates.example.com', true, 'http://updates.example.com'],
  ])('%s (plaintext allowed: %s) is stored as %s', (address, allowed, stored) => {
    expect(serverAddress(address, allowed)).toBe(stored);
  });
});

test('a command without a server says how to get one, on stderr only', async () => {
  const { exitCode, stdout, stderr } = await operator.run('device', 'list');
  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^error: .* does not know a server yet \[no_server\]\nRun `sealift login/);
});

test('a damaged config file is named', async () => {
  await writeFile(join(operator.home, 'config.json'), '{"server":');
  const { stderr } = await operator.run('device', 'list');
  expect(stderr).toContain('config.json is not JSON [workspace_damaged]');
});

describe('an answer that is not the API', () => {
  test.each([
    ['of another shape', 200, { initialised: 'yes' }, 'server_answer_malformed'],
    ['with an unknown error form', 502, { oops: true }, 'http_502'],
    [
      'with a server error',
      429,
      { code: 'too_many_requests', message: 'slow' },
      'too_many_requests',
    ],
  ])('%s is reported by a code', async (_, status, body, code) => {
    server.answers.set('GET /api/v1/trust', () => ({ status, body }));
    expect(await operator.refused('login', '--server', server.url, '--token', server.token)).toBe(
      code,
    );
  });

  test('a server that is not there is named with the reason', async () => {
    const gone = await startFakeServer();
    await gone.close();
    const { stderr } = await operator.run('login', '--server', gone.url, '--token', 'slo_x');
    expect(stderr).toMatch(/cannot reach .*ECONNREFUSED.* \[server_unreachable\]/);
  });

  test('a redirect is not followed: it would carry the token away', async () => {
    const redirecting: typeof fetch = (_, options) =>
      options?.redirect === 'error'
        ? Promise.reject(new TypeError('unexpected redirect'))
        : Promise.resolve(Response.json({ initialised: true }));
    const careful = operatorAt(operator.home, { fetch: redirecting });
    expect(await careful.refused('login', '--server', server.url, '--token', 'x')).toBe(
      'server_unreachable',
    );
  });
});

describe('help', () => {
  const commands = [
    ['login'],
    ['keys', 'init'],
    ['keys', 'list'],
    ['product', 'add'],
    ['product', 'list'],
    ['release', 'publish'],
    ['release', 'list'],
    ['release', 'show'],
    ['rollout', 'start'],
    ['rollout', 'status'],
    ['rollout', 'watch'],
    ['rollout', 'list'],
    ['rollout', 'pause'],
    ['rollout', 'resume'],
    ['rollout', 'abort'],
    ['device', 'list'],
    ['device', 'show'],
    ['device', 'accept'],
    ['device', 'reject'],
    ['device', 'retire'],
    ['token', 'create'],
    ['audit', 'list'],
    ['audit', 'verify'],
  ];
  test.each(commands.map((command) => [command]))('of %j has an example', async (command) => {
    const { exitCode, stdout } = await operator.run(...command, '--help');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples?:\\n  \\$ sealift ${command.join(' ')}`));
  });

  test.each([[[]], [['nonsense']], [['keys', 'nonsense']], [['device', 'list', '--nonsense']]])(
    'an unknown command or option is wrong usage: %j',
    async (args: string[]) => {
      expect((await operator.run(...args)).exitCode).toBe(2);
    },
  );
});
