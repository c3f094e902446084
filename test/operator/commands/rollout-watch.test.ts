import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFakeServer, type FakeServer } from '../fake-server.ts';
import { newHome, operatorAt, type Operator } from '../operator.ts';

const ROLLOUT = 'GET /api/v1/rollouts/r1';
let server: FakeServer;
let home: string;
let operator: Operator;

beforeAll(async () => {
  server = await startFakeServer();
  home = await newHome();
  operator = operatorAt(home);
  await operator.json('login', '--server', server.url, '--token', server.token);
});
beforeEach(() => {
  server.answers.clear();
});
afterAll(() => server.close());

const phase = { percent: 100, successPercent: 90, failurePercent: 10, members: 5, offered: 5 };
const rolloutOf = (state: string, proven: number, failed = 0): Record<string, unknown> => ({
  id: 'r1',
  product: 'gateway',
  version: '1.0.0',
  manifestSha256: 'a'.repeat(64),
  state,
  phase: 0,
  reason: state === 'halted' ? '2 of 5 devices failed' : null,
  createdAt: '2026-06-01T12:00:00Z',
  changedAt: '2026-06-01T12:00:00Z',
  phases: [{ ...phase, proven, failed }],
});

/** One answer a look; the last one stays. */
function showInTurn(...rollouts: readonly unknown[]): void {
  let look = 0;
  server.answers.set(ROLLOUT, () => {
    const body = rollouts[Math.min(look, rollouts.length - 1)];
    look += 1;
    return { status: 200, body };
  });
}

test('a watch ends with 0 when the rollout completes, one line a change', async () => {
  const running = rolloutOf('running', 0);
  showInTurn(running, running, rolloutOf('running', 3), rolloutOf('completed', 5));
  const { exitCode, stdout } = await operator.run('rollout', 'watch', 'r1', '--json');

  expect(exitCode).toBe(0);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(lines).toMatchObject([
    { state: 'running', phases: [{ proven: 0 }] },
    { state: 'running', phases: [{ proven: 3 }] },
    { state: 'completed', phases: [{ proven: 5 }] },
  ]);
});

test.each(['halted', 'aborted'])('a watch ends with 3 when the rollout is %s', async (state) => {
  showInTurn(rolloutOf('running', 1), rolloutOf(state, 1, 2));
  expect((await operator.run('rollout', 'watch', 'r1')).exitCode).toBe(3);
});

test('a watch for a halt ends with 0 at the halt, and with 3 when it never comes', async () => {
  showInTurn(rolloutOf('halted', 1, 2));
  const watch = ['rollout', 'watch', 'r1', '--until', 'halted'];
  const { exitCode, stdout } = await operator.run(...watch);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('2 of 5 devices failed');

  showInTurn(rolloutOf('completed', 5));
  expect((await operator.run(...watch)).exitCode).toBe(3);
});

test('Ctrl-C ends a watch without an error', async () => {
  showInTurn(rolloutOf('running', 1));
  const ctrlC = new AbortController();
  const interrupted = operatorAt(home, {
    interrupted: ctrlC.signal,
    pause: () => {
      ctrlC.abort();
      return Promise.resolve();
    },
  });
  const { exitCode, stderr } = await interrupted.run('rollout', 'watch', 'r1');
  expect(exitCode).toBe(130);
  expect(stderr).toBe('');
});

describe('a server that cannot be reached', () => {
  const failing = (times: number): typeof fetch => {
    let calls = 0;
    return (...args) => {
      calls += 1;
      return calls <= times ? Promise.reject(new TypeError('fetch failed')) : fetch(...args);
    };
  };

  test('for a while does not end the watch', async () => {
    showInTurn(rolloutOf('completed', 5));
    const patient = operatorAt(home, { fetch: failing(9) });
    const { exitCode, stderr } = await patient.run('rollout', 'watch', 'r1');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('trying again');
  });

  test('for long ends it with an error', async () => {
    const operatorAlone = operatorAt(home, { fetch: failing(10) });
    expect(await operatorAlone.refused('rollout', 'watch', 'r1')).toBe('server_unreachable');
  });
});

test('in a terminal the table is redrawn in its place', async () => {
  showInTurn(rolloutOf('running', 1), rolloutOf('completed', 5));
  const { stdout } = await operatorAt(home, { isTerminal: true }).run('rollout', 'watch', 'r1');
  const [first = '', second = ''] = stdout.split('\u001b[J');
  const lines = first.split('\n').length - 1; // the last is where the cursor goes up again
  expect(first.endsWith(`\u001b[${lines}F`)).toBe(true);
  expect(second.split('\n').length - 1).toBe(lines);
});

test('what the server says cannot drive the terminal', async () => {
  showInTurn({ ...rolloutOf('halted', 0, 1), reason: '\u001b[2Jgone \u202etxt' });
  const { stdout } = await operator.run('rollout', 'status', 'r1');
  expect(stdout).toContain('\ufffd[2Jgone \ufffdtxt');
  expect(stdout).not.toContain('\u001b');
});
