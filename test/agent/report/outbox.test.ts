import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { Unreachable } from '../../../agent/link/unreachable.ts';
import { courier, type Courier } from '../../../agent/report/courier.ts';
import { outboxFolder, type Outbox, type ReportMessage } from '../../../agent/report/outbox.ts';
import { announce } from '../../../agent/state/transitions.ts';
import { firstState, type AgentState } from '../../../agent/state/agent-state.ts';
import {
  MAX_REPORT_MESSAGE_BYTES,
  MAX_REPORTS_PER_MESSAGE,
} from '../../../shared/protocol/report.ts';

let folder: string;
let outbox: Outbox;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-outbox-'));
  outbox = await outboxFolder(folder);
});

const put = (number: number, text = `{"n":${number}}`): Promise<void> =>
  outbox.put(number, () => Promise.resolve(Buffer.from(text)));

const numbersIn = ({ first, last }: ReportMessage): readonly number[] => [first, last];

describe('the outbox', () => {
  test('is the same after a restart', async () => {
    await put(1);
    await put(2);

    const restarted = await outboxFolder(folder);

    expect(await restarted.waiting()).toEqual([1, 2]);
    const message = await restarted.nextMessage();
    expect(JSON.parse(Buffer.from(message?.bytes ?? []).toString())).toEqual({
      reports: [{ n: 1 }, { n: 2 }],
    });
  });

  test('keeps the bytes that a number has: a report is never two reports', async () => {
    await put(1, '{"first":true}');
    await put(1, '{"second":true}');

    const message = await outbox.nextMessage();
    expect(Buffer.from(message?.bytes ?? []).toString()).toContain('first');
  });

  test('forgets a report only when the server has it', async () => {
    for (const number of [1, 2, 3]) await put(number);

    await outbox.removeThrough(2);

    expect(await outbox.waiting()).toEqual([3]);
    expect((await readdir(folder)).sort()).toEqual(['3.json', 'acknowledged']);
  });

  test('does not take back a report that was delivered, also after a restart', async () => {
    await put(1);
    await outbox.removeThrough(1);

    const restarted = await outboxFolder(folder);
    await restarted.put(1, () => Promise.resolve(Buffer.from('{"again":true}')));

    expect(await restarted.waiting()).toEqual([]);
    expect(restarted.acknowledged()).toBe(1);
  });

  test('takes acknowledgements that come at once, by two ways', async () => {
    for (const number of [1, 2, 3]) await put(number);

    await Promise.all([1, 3, 2, 3].map((number) => outbox.removeThrough(number)));

    expect(await outbox.waiting()).toEqual([]);
    expect((await outboxFolder(folder)).acknowledged()).toBe(3);
  });

  test('counts beyond nine: reports are ordered as numbers, not as names', async () => {
    for (const number of [9, 10, 11]) await put(number);

    expect(await outbox.waiting()).toEqual([9, 10, 11]);
  });

  test('sends as many as one message may hold, oldest first', async () => {
    for (let number = 1; number <= MAX_REPORTS_PER_MESSAGE + 1; number += 1) await put(number);

    const message = await outbox.nextMessage();

    expect(message && numbersIn(message)).toEqual([1, MAX_REPORTS_PER_MESSAGE]);
  });

  test('sends as many bytes as one message may hold', async () => {
    const big = JSON.stringify({ text: 'x'.repeat(50_000) });
    for (let number = 1; number <= 20; number += 1) await put(number, big);

    const message = await outbox.nextMessage();

    expect(message?.bytes.length).toBeLessThanOrEqual(MAX_REPORT_MESSAGE_BYTES);
    expect(message && numbersIn(message)).toEqual([1, 10]);
  });

  test('has nothing to send when it is empty', async () => {
    expect(await outbox.nextMessage()).toBeUndefined();
  });
});

describe('the courier', () => {
  const made = (send: (message: ReportMessage) => Promise<number>): Courier =>
    courier({
      outbox,
      send,
      backoff: { firstMs: 1, maxMs: 4 },
      random: () => 0.5,
      pause: () => Promise.resolve(),
      isStopped: () => false,
      log: () => undefined,
    });

  test('delivers until nothing waits', async () => {
    for (let number = 1; number <= 100; number += 1) await put(number);

    await made(({ last }) => Promise.resolve(last)).deliver();

    expect(await outbox.waiting()).toEqual([]);
  });

  test('removes only what the server says it has stored', async () => {
    for (const number of [1, 2, 3]) await put(number);
    const answers = [2, 2];

    const delivery = made(() => Promise.resolve(answers.shift() ?? 0)).deliver();

    await expect(delivery).rejects.toThrow(Unreachable);
    expect(await outbox.waiting()).toEqual([3]);
  });

  test('goes on in the background until the server is back', async () => {
    await put(1);
    let failures = 3;
    const delivered = new Promise<void>((resolve) => {
      const carrier = made(({ last }) => {
        failures -= 1;
        if (failures >= 0) return Promise.reject(new Unreachable('away'));
        resolve();
        return Promise.resolve(last);
      });
      carrier.open();
    });

    await delivered;
    await expect.poll(() => outbox.waiting()).toEqual([]);
  });

  test('takes an acknowledgement that came by itself', async () => {
    for (const number of [1, 2]) await put(number);
    const carrier = made(() => Promise.reject(new Unreachable('away')));

    await carrier.acknowledged(2);

    expect(await outbox.waiting()).toEqual([]);
    expect(outbox.acknowledged()).toBe(2);
  });
});

describe('a device that is cut off for long', () => {
  const at = new Date(0);
  const release = { product: 'gateway', version: '1', manifestSha256: '1'.repeat(64) };
  const full: AgentState = { ...firstState(1_000), acknowledged: 0 };

  test('says less', () => {
    expect(announce(full, { kind: 'started' }, at)).toBe(full);
  });

  test('but never loses how an update ended', () => {
    const failed = announce(
      full,
      { kind: 'rolled_back', release, stage: 'trial', reason: 'health', detail: '' },
      at,
    );
    expect(failed.lastReport).toBe(1_001);
  });

  test('and speaks again once the server has what was waiting', () => {
    const heard = announce({ ...full, acknowledged: 1 }, { kind: 'started' }, at);
    expect(heard.lastReport).toBe(1_001);
  });
});
