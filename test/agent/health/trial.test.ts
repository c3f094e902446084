import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { judgeTrial } from '../../../agent/health/judge-trial.ts';
import { probeHealth, type TrialDeps } from '../../../agent/health/probe-health.ts';
import { openProbe, type Probe } from '../../../agent/health/probes.ts';
import { noWatchdog } from '../../../agent/health/watchdog.ts';
import { Stopped } from '../../../agent/stopped.ts';
import { firstState, type AgentState } from '../../../agent/state/agent-state.ts';

describe('the rule of a trial', () => {
  const rule = {
    holdMs: 100,
    deadlineMs: 500,
    commitOfflineAfterMs: undefined,
    maxFlaps: undefined,
  };
  const seen = { elapsedMs: 100, healthySinceMs: 0, flaps: 0, reachedServer: true };

  test('passes once the probes have held for the time, not a millisecond before', () => {
    expect(judgeTrial(seen, rule)).toBe('passed');
    expect(judgeTrial({ ...seen, elapsedMs: 99 }, rule)).toBe('waiting');
  });

  test('waits for the server, unless the device may commit alone', () => {
    const alone = { ...seen, reachedServer: false };
    expect(judgeTrial(alone, rule)).toBe('waiting');
    expect(judgeTrial(alone, { ...rule, commitOfflineAfterMs: 0 })).toBe('passed');
  });

  test('commits alone only after the time that the device gives the server', () => {
    const patient = { ...rule, commitOfflineAfterMs: 300 };
    const alone = { ...seen, reachedServer: false };
    expect(judgeTrial({ ...alone, elapsedMs: 299 }, patient)).toBe('waiting');
    expect(judgeTrial({ ...alone, elapsedMs: 300 }, patient)).toBe('passed');
    expect(judgeTrial(seen, patient)).toBe('passed');
  });

  test('forgives as many flaps as it says, and not one more', () => {
    const steady = { ...rule, maxFlaps: 2 };
    expect(judgeTrial({ ...seen, flaps: 2 }, steady)).toBe('passed');
    expect(judgeTrial({ ...seen, flaps: 3 }, steady)).toBe('failed');
  });

  test('fails at the deadline, not a millisecond before', () => {
    const sick = { ...seen, healthySinceMs: undefined };
    expect(judgeTrial({ ...sick, elapsedMs: 499 }, rule)).toBe('waiting');
    expect(judgeTrial({ ...sick, elapsedMs: 500 }, rule)).toBe('failed');
  });

  test('passes at the deadline when it has just held long enough', () => {
    expect(judgeTrial({ ...seen, elapsedMs: 500, healthySinceMs: 400 }, rule)).toBe('passed');
    expect(judgeTrial({ ...seen, elapsedMs: 500, healthySinceMs: 401 }, rule)).toBe('failed');
  });
});

describe('a trial', () => {
  const state: AgentState = {
    ...firstState(),
    stage: 'trial',
    offer: '0'.repeat(64),
    update: {
      release: { product: 'gateway', version: '2', manifestSha256: '2'.repeat(64) },
      securityEpoch: 1,
      artifacts: [],
      releaseCounter: 1,
      slots: { to: 'b', from: 'a' },
      wakeUps: {},
      milliseconds: { verify: 1, download: 2, trial: 0 },
    },
  };

  /** Plays a script of probe answers, one every 10 ms; the last one goes on. */
  function played(script: readonly (string | undefined)[], changes: Partial<TrialDeps> = {}) {
    let time = 0;
    let asked = 0;
    const deps: TrialDeps = {
      boot: { current: () => Promise.resolve('b') },
      rule: {
        holdMs: 30,
        deadlineMs: 100,
        commitOfflineAfterMs: undefined,
        maxFlaps: undefined,
      },
      roundMs: 1_000,
      watchdog: noWatchdog,
      intervalMs: 10,
      askProbes: () => Promise.resolve([script[Math.min(asked++, script.length - 1)]]),
      reachServer: () => Promise.resolve(true),
      milliseconds: () => time,
      pause: (ms) => {
        time += ms;
        return Promise.resolve();
      },
      ...changes,
    };
    return probeHealth(deps, state);
  }

  test('passes when the release is healthy from the start, and says how long it took', async () => {
    const step = await played([undefined]);

    expect(step.outcome).toBe('done');
    expect(step.remember?.(state).update?.milliseconds.trial).toBe(30);
  });

  test('forgives a slow start', async () => {
    expect((await played(['starting', 'starting', undefined])).outcome).toBe('done');
  });

  test('begins to count again when the health breaks in between', async () => {
    const step = await played([undefined, undefined, 'hiccup', undefined]);
    expect(step.remember?.(state).update?.milliseconds.trial).toBe(60);
  });

  test('fails with what was wrong', async () => {
    const step = await played(['503']);

    expect(step.outcome).toBe('failed');
    expect(step.remember?.(state).ending).toMatchObject({
      kind: 'rolled_back',
      reason: 'health',
      detail: '503',
    });
  });

  test('fails at once when a probe breaks more often than is allowed', async () => {
    const rule = { holdMs: 30, deadlineMs: 1_000, commitOfflineAfterMs: undefined, maxFlaps: 1 };
    const flapping = ['starting', undefined, 'first', undefined, 'second', undefined];
    const step = await played(flapping, { rule });

    expect(step.remember?.(state).ending).toMatchObject({
      reason: 'health',
      detail: 'a probe broke 2 times, 1 are allowed: second',
    });
    const steady = await played(flapping.slice(0, 4), { rule });
    expect(steady.outcome).toBe('done');
  });

  test('arms the watchdog, says that it moves, and leaves the letting go to the end', async () => {
    const said: string[] = [];
    const watchdog = {
      arm: () => Promise.resolve(said.push('armed')).then(() => undefined),
      extend: (ms: number) => said.push(`good for ${ms}`),
      disarm: () => Promise.reject(new Error('not by the trial')),
    };

    expect((await played(['starting', undefined], { watchdog })).outcome).toBe('done');

    expect(said).toEqual(['armed', ...Array<string>(5).fill('good for 1000'), 'good for 600000']);
  });

  test('does not begin without the watchdog that the configuration has, and blames no release', async () => {
    const gone = Object.assign(new Error('ENOENT: /dev/watchdog'), {
      code: 'ENOENT',
      syscall: 'open',
    });
    const watchdog = { ...noWatchdog, arm: () => Promise.reject(gone) };

    const step = await played([undefined], { watchdog });

    const after = step.remember?.(state);
    expect(after?.ending).toMatchObject({
      kind: 'rolled_back',
      reason: 'internal',
      detail: 'the watchdog: ENOENT: /dev/watchdog',
    });
    expect(after?.failedReleases).toEqual([]);
  });

  test('fails when the boot loader has already fallen back', async () => {
    const step = await played([undefined], { boot: { current: () => Promise.resolve('a') } });
    expect(step.remember?.(state).ending).toMatchObject({ reason: 'activation' });
  });

  test('is not judged when the agent is told to end: it goes on at the next start', async () => {
    const stopped = played(['sick'], { pause: () => Promise.reject(new Stopped('end')) });
    await expect(stopped).rejects.toThrow(Stopped);
  });
});

describe('probes', () => {
  let folder: string;
  let server: Server;
  let url: string;
  let status = 200;

  beforeEach(async () => {
    status = 200;
    folder = await mkdtemp(join(tmpdir(), 'sealift-probe-'));
    server = createServer((_request, response) => {
      if (status !== 0) response.writeHead(status).end('x'.repeat(100_000));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const ask = (probe: Probe): Promise<string | undefined> => openProbe(probe, folder)();

  const askHttp = (timeoutSeconds = 5): Promise<string | undefined> =>
    ask({ kind: 'http', url, timeoutSeconds });

  test.each([200, 204])('http: %i is healthy', async (answer) => {
    status = answer;
    expect(await askHttp()).toBeUndefined();
  });

  test.each([199 + 102, 404, 500, 503])('http: %i is not', async (answer) => {
    status = answer;
    expect(await askHttp()).toContain(`answered ${answer}`);
  });

  test('http: silence is not, after its time', async () => {
    status = 0;
    expect(await askHttp(0.05)).toContain('no answer within 50 ms');
  });

  test('http: nobody there is not', async () => {
    server.close();
    server.closeAllConnections();
    expect(await askHttp()).toContain('ECONNREFUSED');
  });

  const askCommand = (command: readonly string[], timeoutSeconds = 5) =>
    ask({ kind: 'command', command, timeoutSeconds });

  test('command: 0 is healthy, anything else is not', async () => {
    expect(await askCommand(['true'])).toBeUndefined();
    expect(await askCommand(['false'])).toBe('false ended with 1');
    expect(await askCommand(['/no/such/program'])).toContain('ENOENT');
  });

  test('command: one that hangs is killed after its time', async () => {
    expect(await askCommand(['sleep', '60'], 0.05)).toContain('longer than 50 ms');
  });

  test('command: one that leaves a daemon behind is not waited for', async () => {
    expect(await askCommand(['sh', '-c', 'sleep 3 & exit 0'])).toBeUndefined();
  });

  const askProcess = (): Promise<string | undefined> =>
    ask({ kind: 'process', pidFile: join(folder, 'pid') });

  test('process: alive is healthy; gone, missing or garbage is not', async () => {
    expect(await askProcess()).toContain('ENOENT');
    await writeFile(join(folder, 'pid'), `${process.pid}\n`);
    expect(await askProcess()).toBeUndefined();
    await writeFile(join(folder, 'pid'), '4194305'); // beyond the largest pid of Linux
    expect(await askProcess()).toContain('ESRCH');
    await writeFile(join(folder, 'pid'), 'garbage');
    expect(await askProcess()).toContain('no process id');
  });
});
