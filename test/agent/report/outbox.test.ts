import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { Unreachable } from '../../../agent/link/unreachable.ts';
import { courier, type Courier } from '../../../agent/report/courier.ts';
import { outboxFolder, type Outbox, type ReportMessage } from '../../../agent/report/outbox.ts';
import { flipBit } from '../../support/damage.ts';
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

const remake = (number: number) => () => Promise.resolve(Buffer.from(`{"again":${number}}`));

const numbersIn = ({ first, last }: ReportMessage): readonly number[] => [first, last];

describe('the outbox', () => {
  test('is the same after a restart', async () => {
    await put(1);
    await put(2);

    const restarted = await outboxFolder(folder);

    expect(await restarted.waiting()).toEqual([1, 2]);
    const message = await restarted.nextMessage(remake);
    expect(JSON.parse(Buffer.from(message?.bytes ?? []).toString())).toEqual({
      reports: [{ n: 1 }, { n: 2 }],
    });
  });

  test('keeps the bytes that a number has: a report is never two reports', async () => {
    await put(1, '{"first":true}');
    await put(1, '{"second":true}');

    const message = await outbox.nextMessage(remake);
    expect(Buffer.from(message?.bytes ?? []).toString()).toContain('first');
  });

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['lost', (path) => rm(path)],
    ['empty', (path) => writeFile(path, '')],
    ['torn', (path) => truncate(path, 4)],
    ['changed in one bit', (path) => flipBit(path, 3)],
    ['changed in its checksum', (path) => flipBit(path, 10)],
  ])('makes a report again that is %s, and keeps those beside it', async (_how, spoil) => {
    for (const number of [1, 2, 3]) await put(number);
    await spoil(join(folder, '2.json'));

    const message = await outbox.nextMessage(remake);

    expect(JSON.parse(Buffer.from(message?.bytes ?? []).toString())).toEqual({
      reports: [{ n: 1 }, { again: 2 }, { n: 3 }],
    });
    expect(await outbox.nextMessage(remake)).toEqual(message);
  });

  test('makes the first again too, once it knows what the server has', async () => {
    for (const number of [7, 8]) await put(number);
    await outbox.removeThrough(5);

    const message = await outbox.nextMessage(remake);

    expect(message && numbersIn(message)).toEqual([6, 8]);
  });

  test.each(['acknowledged.json', 'acknowledged.backup.json'])(
    'still knows what was delivered when %s is spoiled',
    async (name) => {
      await put(12);
      await outbox.removeThrough(12);
      await writeFile(join(folder, name), '92');

      expect((await outboxFolder(folder)).acknowledged()).toBe(12);
    },
  );

  test('reads what an agent of 0.1.0 left', async () => {
    await writeFile(join(folder, 'acknowledged'), '4');
    await writeFile(join(folder, '5.json'), '{"n":5}');

    const old = await outboxFolder(folder);

    expect(old.acknowledged()).toBe(4);
    const message = await old.nextMessage(remake);
    expect(Buffer.from(message?.bytes ?? []).toString()).toBe('{"reports":[{"n":5}]}');
  });

  test('forgets a report only when the server has it', async () => {
    for (const number of [1, 2, 3]) await put(number);

    await outbox.removeThrough(2);

    expect(await outbox.waiting()).toEqual([3]);
    const marker = ['acknowledged.backup.json', 'acknowledged.json'];
    expect((await readdir(folder)).sort()).toEqual(['3.json', ...marker]);
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

    const message = await outbox.nextMessage(remake);

    expect(message && numbersIn(message)).toEqual([1, MAX_REPORTS_PER_MESSAGE]);
  });

  test('sends as many bytes as one message may hold', async () => {
    const big = JSON.stringify({ text: 'x'.repeat(50_000) });
    for (let number = 1; number <= 20; number += 1) await put(number, big);

    const message = await outbox.nextMessage(remake);

    expect(message?.bytes.length).toBeLessThanOrEqual(MAX_REPORT_MESSAGE_BYTES);
    expect(message && numbersIn(message)).toEqual([1, 10]);
  });

  test('has nothing to send when it is empty', async () => {
    expect(await outbox.nextMessage(remake)).toBeUndefined();
  });
});

describe('the courier', () => {
  const made = (send: (message: ReportMessage) => Promise<number>): Courier =>
    courier({
      outbox,
      remake,
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

  test('goes on from what the server has, where it has forgotten that itself', async () => {
    for (const number of [3, 4]) await put(number);
    const sent: (readonly number[])[] = [];

    await made((message) => {
      sent.push(numbersIn(message));
      return Promise.resolve(message.first === 2 ? message.last : 1); // it has report 1 and no more
    }).deliver();

    expect(sent).toEqual([
      [3, 4],
      [2, 4],
    ]);
    expect(await outbox.waiting()).toEqual([]);
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
