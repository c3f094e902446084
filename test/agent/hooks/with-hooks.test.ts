import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { withHooks, type HookDeps } from '../../../agent/hooks/with-hooks.ts';
import type { Stage } from '../../../agent/machine.ts';
import type { Step } from '../../../agent/run-update.ts';
import { firstState, type AgentState } from '../../../agent/state/agent-state.ts';

let folder: string;
let logged: Record<string, unknown>[];
let worked: number;
let time: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-hooks-'));
  logged = [];
  worked = 0;
  time = 0;
});

async function hook(stage: Stage, name: string, body: string, mode = 0o755): Promise<void> {
  await mkdir(join(folder, stage), { recursive: true });
  const path = join(folder, stage, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, mode);
}

const stateIn = (stage: Stage): AgentState => ({
  ...firstState(),
  stage,
  offer: '0'.repeat(64),
  update: {
    release: { product: 'gateway', version: '2', manifestSha256: '2'.repeat(64) },
    securityEpoch: 1,
    releaseCounter: 1,
    artifacts: [],
    slots: { to: 'b', from: 'a' },
    wakeUps: {},
    milliseconds: { verify: 0, download: 0, trial: 0 },
  },
});

function run(stage: Stage, step: Step = { outcome: 'done' }, changes: Partial<HookDeps> = {}) {
  const deps: HookDeps = {
    folder,
    workFolder: folder,
    timeoutMs: 10_000,
    retryMs: 10,
    patienceMs: 100,
    milliseconds: () => time,
    onRun: () => undefined,
    pause: (ms) => {
      time += ms;
      return Promise.resolve();
    },
    log: (event, fields) => logged.push({ event, ...fields }),
    ...changes,
  };
  const work = (): Promise<Step> => {
    worked += 1;
    return Promise.resolve(step);
  };
  return withHooks(deps, work)(stateIn(stage));
}

const calls = async (): Promise<readonly string[]> =>
  (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
const endingOf = (step: Step, stage: Stage) => step.remember?.(stateIn(stage)).ending;

describe('hooks around a stage', () => {
  test('run before and after it, in the order of their names, and know what it is about', async () => {
    const say =
      'echo "${0##*/} $1 $SEALIFT_STAGE $SEALIFT_VERSION $SEALIFT_SLOT $SEALIFT_OUTCOME" >> calls';
    await hook('installing', '20-second', say);
    await hook('installing', '10-first', say);
    await hook('trial', '10-other', say);

    expect((await run('installing')).outcome).toBe('done');

    expect(await calls()).toEqual([
      '10-first before installing 2 b ',
      '20-second before installing 2 b ',
      '10-first after installing 2 b done',
      '20-second after installing 2 b done',
    ]);
    expect(worked).toBe(1);
  });

  test('are none where there is no folder', async () => {
    await rm(folder, { recursive: true });
    await mkdir(folder);
    expect(await run('installing')).toEqual({ outcome: 'done' });
    expect(logged).toEqual([]);
  });

  test.each([
    ['installing', 'failed', 'internal'],
    ['activating', 'rolled_back', 'activation'],
    ['trial', 'rolled_back', 'health'],
  ] as const)('that say no before %s end the update: %s, %s', async (stage, kind, reason) => {
    await hook(stage, 'say-no', 'echo patient attached; exit 3');

    const step = await run(stage);

    expect(worked).toBe(0);
    expect(step.outcome).toBe('failed');
    expect(endingOf(step, stage)).toMatchObject({ kind, reason });
    expect(JSON.stringify(endingOf(step, stage))).toContain('ended with 3: patient attached');
    expect(logged).toMatchObject([{ event: 'hook_ended', output: 'patient attached' }]);
  });

  test('that say no after a stage end the update too', async () => {
    await hook('installing', 'check', 'test "$1" = before');
    const step = await run('installing');
    expect(worked).toBe(1);
    expect(endingOf(step, 'installing')).toMatchObject({ reason: 'internal' });
  });

  test('that say no first keep the others from running', async () => {
    await hook('trial', '10-no', 'exit 1');
    await hook('trial', '20-never', 'touch never');
    await run('trial');
    await expect(readFile(join(folder, 'never'))).rejects.toThrow('ENOENT');
  });

  test('that say later put the update aside where it can be put aside', async () => {
    await hook('downloading', 'busy', 'exit 75');
    expect(await run('downloading')).toEqual({ outcome: 'later' });
    expect(worked).toBe(0);
  });

  test('that say later are asked again where it cannot', async () => {
    await hook('activating', 'busy', 'echo >> tries; test "$(wc -l < tries)" -ge 4 || exit 75');

    expect((await run('activating')).outcome).toBe('done');

    expect(worked).toBe(1);
    expect(logged.filter(({ event }) => event === 'hook_waits')).toHaveLength(3);
  });

  test('that say later for ever are a no in the end', async () => {
    await hook('activating', 'busy', 'exit 75');
    const step = await run('activating');
    expect(endingOf(step, 'activating')).toMatchObject({
      detail: expect.stringContaining('for longer than is allowed') as unknown,
    });
  });

  test.each(['committing', 'rolling_back'] as const)(
    'hear of %s and cannot stop what has happened',
    async (stage) => {
      await hook(stage, 'no', 'test "$1" = before || exit 9');
      expect(await run(stage)).toEqual({ outcome: 'done' });
    },
  );

  test('cannot keep a device from going back', async () => {
    await hook('rolling_back', 'no', 'exit 1');
    expect(await run('rolling_back')).toEqual({ outcome: 'done' });
    expect(worked).toBe(1);
  });

  test('hear of a stage that failed, and cannot make it good', async () => {
    await hook('trial', 'listen', 'echo "$1 $SEALIFT_OUTCOME" >> calls');
    expect(await run('trial', { outcome: 'failed' })).toEqual({ outcome: 'failed' });
    expect(await calls()).toEqual(['before ', 'after failed']);
  });

  test('that hang are killed after their time, and say no', async () => {
    await hook('trial', 'hang', 'sleep 600');
    const step = await run('trial', { outcome: 'done' }, { timeoutMs: 300 });
    expect(JSON.stringify(endingOf(step, 'trial'))).toContain('ran longer than 300 ms');
  });

  test('that print megabytes are kept short, by their last words', async () => {
    await hook(
      'trial',
      'loud',
      'head -c 3000000 /dev/zero | tr "\\\\0" x; echo; echo last words; exit 1',
    );
    const step = await run('trial');
    const { detail } = endingOf(step, 'trial') as { detail: string };
    expect(detail.length).toBeLessThan(1_001);
    expect(detail).toContain('last words');
    expect(String(logged[0]?.['output']).length).toBeLessThan(5_000);
  });

  test('that end by a signal say no', async () => {
    await hook('trial', 'killed', 'kill -9 $$');
    expect(JSON.stringify(endingOf(await run('trial'), 'trial'))).toContain('killed by SIGKILL');
  });

  test.each([
    [0o644, 'is not executable'],
    [0o777, 'may be changed by anybody'],
    [0o775, 'may be changed by anybody'],
  ])('with mode %o stop the update: a hook that %s', async (mode, words) => {
    await hook('trial', 'odd', 'exit 0', mode);
    expect(JSON.stringify(endingOf(await run('trial'), 'trial'))).toContain(words);
  });

  test('are not what editors and package managers leave behind', async () => {
    for (const name of ['.hidden', 'old~', 'x.dpkg-old', 'x.bak'])
      await hook('trial', name, 'exit 1');
    expect((await run('trial')).outcome).toBe('done');
  });
});
