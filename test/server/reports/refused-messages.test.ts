import { beforeEach, describe, expect, test } from 'vitest';
import { signDsse, type Dsse } from '../../../shared/dsse.ts';
import {
  MAX_REPORT_BYTES,
  MAX_REPORTS_PER_MESSAGE,
  type Report,
} from '../../../shared/protocol/report.ts';
import { addDevices, keyOf, report, signReport } from '../../support/fleet.ts';
import { startReporting, STARTED, type ReportingFleet } from '../../support/reporting.ts';
import { testKey } from '../../support/test-key.ts';

let world: ReportingFleet;
beforeEach(async () => {
  world = await startReporting();
});

describe('a message is refused, and nothing is stored,', () => {
  beforeEach(() => addDevices(world, ['d0', 'd1']));

  const cases: [string, () => Promise<Dsse | Dsse[]>][] = [
    ['when another key signed', () => signReport(report('d0', 1, STARTED), testKey('thief'))],
    ['when it is of another device', () => signReport(report('d1', 1, STARTED), keyOf('d0'))],
    [
      'when it is signed as something else',
      () =>
        signDsse('application/json', Buffer.from(JSON.stringify(report('d0', 1, STARTED))), [
          keyOf('d0'),
        ]),
    ],
    [
      'when it is signed twice',
      async () => {
        const once = await world.envelope('d0', 1, STARTED);
        return { ...once, signatures: [...once.signatures, ...once.signatures] };
      },
    ],
    ['when its number is 0', () => signReport(report('d0', 0, STARTED))],
    ['when its number is a fraction', () => signReport(report('d0', 1.5, STARTED))],
    [
      'when it names a kind we do not know',
      () =>
        signReport({ ...report('d0', 1, STARTED), event: { kind: 'boast' } } as unknown as Report),
    ],
    [
      'when it has a field too many',
      () => signReport({ ...report('d0', 1, STARTED), note: 'x' } as Report),
    ],
    [
      'when it is longer than it may be',
      () => signReport({ ...report('d0', 1, STARTED), bootId: 'x'.repeat(MAX_REPORT_BYTES) }),
    ],
    [
      'when its last report is bad',
      async () => [
        await world.envelope('d0', 1, STARTED),
        await signReport(report('d0', 2, STARTED), testKey('thief')),
      ],
    ],
  ];

  test.each(cases)('%s', async (_name, make) => {
    const made = await make();

    const answer = await world.send('d0', Array.isArray(made) ? made : [made]);

    expect(answer.kind).toBe('report_refused');
    expect(await world.db.selectFrom('reports').selectAll().execute()).toEqual([]);
    expect(await world.send('d0', [await world.envelope('d0', 1, STARTED)])).toEqual({
      kind: 'stored',
      stored: 1,
    });
  });

  test.each([
    ['garbage', Buffer.from('garbage')],
    ['nothing', Buffer.alloc(0)],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00])],
    ['a list', Buffer.from('[]')],
    ['no reports', Buffer.from('{"reports":[]}')],
    ['a field too many', Buffer.from('{"reports":[],"more":1}')],
    ['a name twice', Buffer.from('{"reports":[],"reports":[]}')],
    ['nesting without end', Buffer.from('['.repeat(100_000))],
    ['a report that is a number', Buffer.from('{"reports":[7]}')],
    ['a message longer than it may be', Buffer.alloc(600_000, 0x20)],
  ])('when it is %s', async (_name, bytes) => {
    expect((await world.sendBytes('d0', bytes)).kind).toBe('malformed_request');
  });

  test('when it is cut short anywhere', async () => {
    const whole = Buffer.from(
      JSON.stringify({ reports: [await world.envelope('d0', 1, STARTED)] }),
    );
    for (let length = 0; length < whole.length; length += 37) {
      expect((await world.sendBytes('d0', whole.subarray(0, length))).kind).toBe(
        'malformed_request',
      );
    }
    expect((await world.sendBytes('d0', whole)).kind).toBe('stored');
  });

  test('when it has one report more than a message may', async () => {
    const number = (index: number): Promise<Dsse> => world.envelope('d0', index + 1, STARTED);
    const full = await Promise.all(
      Array.from({ length: MAX_REPORTS_PER_MESSAGE }, (_, i) => number(i)),
    );
    const over = [...full, await number(MAX_REPORTS_PER_MESSAGE)];
    expect((await world.send('d0', over)).kind).toBe('malformed_request');
    expect(await world.send('d0', full)).toEqual({
      kind: 'stored',
      stored: MAX_REPORTS_PER_MESSAGE,
    });
  });
});
