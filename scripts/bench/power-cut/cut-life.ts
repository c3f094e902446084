import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Instant } from './choose-cut.ts';
import { startLife, watchFolders, type Life } from './life.ts';
import type { Victim } from './victim.ts';

/** Log lines after which an update is over, now or since an earlier start. */
const OVER = new Set([
  'update_committed',
  'update_rolled_back',
  'update_failed',
  'assignment_settled',
]);
/** What comes after the end of an update (its last reports) is cut as well, but not for long. */
const AFTER_END_MS = 80;
/** An update on a busy machine takes seconds; an agent that hangs is a finding. */
const STUCK_MS = 120_000;

/** A start of the agent that never came to the instant of its cut. */
class NeverCame extends Error {
  override readonly name = 'NeverCame';
}

/**
 * Starts the agent and cuts its power at an instant, or soon after its update is over. Answers what
 * was wrong when neither came.
 */
export async function liveUntilCut(victim: Victim, instant: Instant): Promise<string | undefined> {
  await mkdir(join(victim.stateDir, 'outbox'), { recursive: true });
  const life = startLife(victim.agent('run'));
  try {
    await Promise.race([instantOf(life, victim, instant), stuck(life)]);
    return undefined;
  } catch (cause) {
    if (cause instanceof NeverCame) return cause.message;
    throw cause;
  } finally {
    life.cut();
    await life.ended;
  }
}

/** Resolves at the instant. What waits there still when the power is gone, waits for nothing. */
function instantOf(life: Life, { stateDir }: Victim, instant: Instant): Promise<void> {
  return new Promise((resolve, reject) => {
    const cutIn = (milliseconds: number): void => {
      if (milliseconds <= 0) resolve();
      else setTimeout(resolve, milliseconds);
    };
    let changes = 0;
    const folders = instant.by === 'write' ? [stateDir, join(stateDir, 'outbox')] : [];
    const unwatch = watchFolders(folders, () => {
      changes += 1;
      if (instant.by === 'write' && changes === instant.change) resolve();
    });
    let isFirst = true;
    life.onEvent((event, stage) => {
      if (isFirst && instant.by === 'time') cutIn(instant.afterMs);
      isFirst = false;
      if (instant.by === 'stage' && stage === instant.stage) cutIn(instant.afterMs);
      if (OVER.has(event)) cutIn(AFTER_END_MS);
    });
    void life.ended.then(() => {
      unwatch();
      reject(new NeverCame(`the agent ended by itself:\n${life.log()}`));
    });
  });
}

async function stuck(life: Life): Promise<never> {
  await pause(STUCK_MS, undefined, { ref: false });
  throw new NeverCame(`waited ${STUCK_MS} ms for the end of an update:\n${life.log()}`);
}

/** Lets the agent finish and report, in one start. Answers how long its update took. */
export async function liveToTheEnd(victim: Victim): Promise<number> {
  const life = startLife(victim.agent('run', '--once'));
  let began: number | undefined;
  let overMs: number | undefined;
  life.onEvent((event) => {
    began ??= performance.now();
    if (OVER.has(event)) overMs ??= performance.now() - began;
  });
  await Promise.race([life.ended, stuck(life)]).finally(() => {
    life.cut();
  });
  return overMs ?? 0;
}
