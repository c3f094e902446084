import { describe, expect, test } from 'vitest';
import { heedBeforeSwitch, type RecallDeps } from '../../../agent/recall/heed-recalls.ts';
import { next } from '../../../agent/machine.ts';
import {
  firstState,
  type AgentState,
  type Slot,
  type Update,
} from '../../../agent/state/agent-state.ts';

const RECALLED = '2'.repeat(64);
const UPDATE: Update = {
  release: { product: 'gateway', version: '1.1.0', manifestSha256: RECALLED },
  securityEpoch: 1,
  artifacts: [],
  slots: { to: 'b', from: 'a' },
  releaseCounter: 2,
  wakeUps: {},
  milliseconds: { verify: 1, download: 2, trial: 0 },
};
const ACTIVATING: AgentState = {
  ...firstState(),
  stage: 'activating',
  offer: '0'.repeat(64),
  update: UPDATE,
};

function deps(primary: Slot, asked: readonly string[]): RecallDeps {
  return {
    known: () => Promise.resolve([]),
    ask: () => Promise.resolve(asked),
    running: () => Promise.resolve(null),
    boot: { current: () => Promise.resolve('a'), primary: () => Promise.resolve(primary) },
    now: () => new Date(0),
  };
}

/** What the switch comes to, and whether it was done. */
async function switched(
  with_: RecallDeps,
  state = ACTIVATING,
): Promise<{ readonly outcome: string; readonly state: AgentState; readonly isDone: boolean }> {
  let isDone = false;
  const step = await heedBeforeSwitch(with_, state, () => {
    isDone = true;
    return Promise.resolve({ outcome: 'done' });
  });
  return { outcome: step.outcome, state: step.remember?.(state) ?? state, isDone };
}

describe('before the switch', () => {
  test('a release that nobody has recalled is switched to', async () => {
    expect(await switched(deps('a', ['9'.repeat(64)]))).toMatchObject({
      outcome: 'done',
      isDone: true,
    });
  });

  test('a recalled one is refused, and the running slot was never touched', async () => {
    const { outcome, state, isDone } = await switched(deps('a', [RECALLED]));

    expect({ outcome, isDone }).toEqual({ outcome: 'refused', isDone: false });
    expect(state.ending).toMatchObject({ kind: 'refused', code: 'release_recalled' });
    expect(state.recalledReleases).toEqual([RECALLED]);
    expect(next('activating', 'refused')).toBe('rolling_back');
  });

  test('one that is remembered is refused without asking anybody', async () => {
    const silent = { ...deps('a', []), ask: () => Promise.reject(new Error('bug: asked')) };

    const { outcome } = await switched(silent, { ...ACTIVATING, recalledReleases: [RECALLED] });

    expect(outcome).toBe('refused');
  });

  test('after a power cut behind the switch it may run already, so going back is a rollback', async () => {
    const { outcome, state, isDone } = await switched(deps('b', [RECALLED]));

    expect({ outcome, isDone }).toEqual({ outcome: 'failed', isDone: false });
    expect(state.ending).toMatchObject({ kind: 'rolled_back', reason: 'recalled' });
    expect(state.failedReleases).toEqual([]);
  });

  test('a recalled one of modules alone, whose slot runs all along, is refused too', async () => {
    const stays = { ...ACTIVATING, update: { ...UPDATE, slots: { to: 'a', from: 'a' } as const } };

    const { outcome, state } = await switched(deps('a', [RECALLED]), stays);

    expect(outcome).toBe('refused');
    expect(state.ending).toMatchObject({ kind: 'refused', code: 'release_recalled' });
  });
});
