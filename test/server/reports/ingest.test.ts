import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Dsse } from '../../../shared/dsse.ts';
import type { Report, ReportEvent, Running } from '../../../shared/protocol/report.ts';
import { MAX_REPORT_BYTES, MAX_REPORTS_PER_MESSAGE } from '../../../shared/protocol/report.ts';
import { nativePublicKey } from '../../../shared/crypto/native-ed25519.ts';
import { signDsse } from '../../../shared/dsse.ts';
import { rememberReleases } from '../../../server/reports/assigned-release.ts';
import { reportIngest } from '../../../server/reports/ingest.ts';
import { receiveReports, type Receipt } from '../../../server/reports/receive-reports.ts';
import { findManifest } from '../../../server/releases/release-store.ts';
import { carryOut } from '../../../server/rollouts/carry-out.ts';
import { rolloutDesk } from '../../../server/rollouts/rollout-desk.ts';
import {
  addDevices,
  addRelease,
  assignmentOf,
  countBoth,
  deviceIds,
  deviceOf,
  keyOf,
  report,
  running,
  signReport,
  startFleet,
  type Fleet,
} from '../../support/fleet.ts';
import { testKey } from '../../support/test-key.ts';

interface World extends Fleet {
  readonly send: (device: string, envelopes: readonly Dsse[]) => Promise<Receipt>;
  readonly sendBytes: (device: string, bytes: Uint8Array) => Promise<Receipt>;
  readonly manifest: string;
  /** What the ingest set going after its commits. */
  readonly settled: () => Promise<void>;
}

async function begin(change: Partial<Fleet> = {}): Promise<World> {
  const fleet = { ...(await startFleet()), ...change };
  const manifest = await addRelease(fleet, '2.0.0');
  const under: Promise<void>[] = [];
  const ingest = reportIngest({
    ...fleet,
    findAssignedRelease: rememberReleases(findManifest),
    announce: (ids) => {
      under.push(fleet.announce(ids));
    },
    carryOut: (id) => {
      under.push(carryOut(id, fleet));
    },
  });
  const sendBytes = receiveReports({
    findDeviceKey: (id) =>
      Promise.resolve(
        id.startsWith('d') ? nativePublicKey(keyOf(id).publicKey.keyval.public) : undefined,
      ),
    ingest,
  });
  return {
    ...fleet,
    manifest,
    sendBytes,
    send: (device, reports) => sendBytes(device, Buffer.from(JSON.stringify({ reports }))),
    settled: async () => {
      for (let next = under.pop(); next !== undefined; next = under.pop()) await next;
    },
  };
}

let world: World;
beforeEach(async () => {
  world = await begin();
});

async function rollOut(...percents: number[]): Promise<string> {
  const phases = percents.map((percent) => ({ percent, successPercent: 90, failurePercent: 20 }));
  const wish = { product: 'gateway', version: '2.0.0', phases, actor: 'operator:kim' };
  const created = await rolloutDesk(world).createRollout(wish);
  if (created.kind !== 'created') throw new Error(created.kind);
  world.signed.length = 0;
  world.announced.length = 0;
  return created.rollout.id;
}

const ref = () => ({ product: 'gateway', version: '2.0.0', manifestSha256: world.manifest });
const receipt = (): ReportEvent => ({
  kind: 'receipt',
  release: ref(),
  verifyMilliseconds: 1,
  downloadMilliseconds: 1,
  trialMilliseconds: 1,
});
const stage = (name: 'installing' | 'trial'): ReportEvent => ({
  kind: 'stage',
  release: ref(),
  stage: name,
});
const failed = (): ReportEvent => ({
  kind: 'failed',
  release: ref(),
  stage: 'installing',
  reason: 'install',
  detail: 'no space',
});
const started: ReportEvent = { kind: 'started' };

async function envelope(device: string, number: number, event: ReportEvent): Promise<Dsse> {
  const runs = event.kind === 'receipt' ? running('2.0.0', world.manifest) : null;
  return signReport(report(device, number, event, runs));
}

async function proves(device: string, number = 1): Promise<Receipt> {
  return world.send(device, [await envelope(device, number, receipt())]);
}

describe('reports', () => {
  test('are stored with what they mean, and the answer is the highest number', async () => {
    await addDevices(world, deviceIds(2));
    const id = await rollOut(100);

    const answer = await world.send('d0', [
      await envelope('d0', 1, stage('installing')),
      await envelope('d0', 2, stage('trial')),
      await envelope('d0', 3, receipt()),
    ]);

    expect(answer).toEqual({ kind: 'stored', stored: 3 });
    expect(await assignmentOf(world, id, 'd0')).toMatchObject({ state: 'proven' });
    expect(await deviceOf(world, 'd0')).toMatchObject({
      last_report_number: 3,
      running_version: '2.0.0',
      proven_manifest_sha256: world.manifest,
      security_epoch: 1,
      last_seen_at: world.now().toISOString(),
    });
  });

  test('keep the exact payload that was signed', async () => {
    await addDevices(world, ['d0']);
    const sent = await envelope('d0', 1, started);

    await world.send('d0', [sent]);

    const row = await world.db.selectFrom('reports').selectAll().executeTakeFirstOrThrow();
    expect(JSON.parse(row.envelope.toString())).toEqual(sent);
  });

  test('sent twice count once', async () => {
    await addDevices(world, deviceIds(3));
    const id = await rollOut(100);
    const envelopes = [await envelope('d0', 1, failed())];

    await world.send('d0', envelopes);
    const again = await world.send('d0', envelopes);

    expect(again).toEqual({ kind: 'stored', stored: 1 });
    expect(await rolloutDesk(world).findRollout(id)).toMatchObject({ phases: [{ failed: 1 }] });
  });

  test('stop at a gap, and go on when it is filled', async () => {
    await addDevices(world, ['d0']);
    const [one, two, three] = await Promise.all([
      envelope('d0', 1, started),
      envelope('d0', 2, started),
      envelope('d0', 3, started),
    ]);

    expect(await world.send('d0', [one, three])).toEqual({ kind: 'stored', stored: 1 });
    expect(await world.send('d0', [three])).toEqual({ kind: 'stored', stored: 1 });
    expect(await world.send('d0', [three, two])).toEqual({ kind: 'stored', stored: 3 });
  });

  test('of the same number with another content are refused, and nothing is stored', async () => {
    await addDevices(world, ['d0']);
    await world.send('d0', [await envelope('d0', 1, started)]);

    const other = await signReport({ ...report('d0', 1, started), bootId: 'boot-2' });
    const answer = await world.send('d0', [other, await envelope('d0', 2, started)]);

    expect(answer).toMatchObject({ kind: 'report_refused' });
    expect((await deviceOf(world, 'd0')).last_report_number).toBe(1);
  });

  test('are refused of a device that was retired while its token was good', async () => {
    await addDevices(world, ['d0'], { state: 'retired' });
    await addDevices(world, ['d1']);
    expect(await world.send('d0', [await envelope('d0', 1, started)])).toMatchObject({
      kind: 'report_refused',
    });
    expect(await world.send('d1', [await envelope('d1', 1, started)])).toMatchObject({
      kind: 'stored',
    });
  });

  test('of many devices at once are all stored', async () => {
    await addDevices(world, deviceIds(150));
    const id = await rollOut(100);

    const answers = await Promise.all(deviceIds(150).map((device) => proves(device)));

    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set(['{"kind":"stored","stored":1}']),
    );
    expect(await rolloutDesk(world).findRollout(id)).toMatchObject({
      state: 'completed',
      phases: [{ proven: 150 }],
    });
  });

  test('are not lost to a neighbour whose message cannot be stored', async () => {
    const broken = new Set(['d1']);
    world = await begin({
      signAssignments: (_tx, ids) =>
        ids.some((id) => broken.has(id)) ? Promise.reject(new Error('disk')) : Promise.resolve(),
    });
    await addDevices(world, ['d0', 'd1', 'd2']);
    broken.clear();
    await rollOut(100);
    broken.add('d1');
    const send = async (device: string): Promise<Receipt> =>
      world.send(device, [await envelope(device, 1, device === 'd1' ? failed() : started)]);

    const answers = await Promise.allSettled(['d0', 'd1', 'd2'].map(send));

    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await deviceOf(world, 'd1')).last_report_number).toBe(0);
  });
});

describe('a message is refused, and nothing is stored,', () => {
  beforeEach(() => addDevices(world, ['d0', 'd1']));

  const cases: [string, () => Promise<Dsse | Dsse[]>][] = [
    ['when another key signed', () => signReport(report('d0', 1, started), testKey('thief'))],
    ['when it is of another device', () => signReport(report('d1', 1, started), keyOf('d0'))],
    [
      'when it is signed as something else',
      () =>
        signDsse('application/json', Buffer.from(JSON.stringify(report('d0', 1, started))), [
          keyOf('d0'),
        ]),
    ],
    [
      'when it is signed twice',
      async () => {
        const once = await envelope('d0', 1, started);
        return { ...once, signatures: [...once.signatures, ...once.signatures] };
      },
    ],
    ['when its number is 0', () => signReport(report('d0', 0, started))],
    ['when its number is a fraction', () => signReport(report('d0', 1.5, started))],
    [
      'when it names a kind we do not know',
      () =>
        signReport({ ...report('d0', 1, started), event: { kind: 'boast' } } as unknown as Report),
    ],
    [
      'when it has a field too many',
      () => signReport({ ...report('d0', 1, started), note: 'x' } as Report),
    ],
    [
      'when it is longer than it may be',
      () => signReport({ ...report('d0', 1, started), bootId: 'x'.repeat(MAX_REPORT_BYTES) }),
    ],
    [
      'when its last report is bad',
      async () => [
        await envelope('d0', 1, started),
        await signReport(report('d0', 2, started), testKey('thief')),
      ],
    ],
  ];

  test.each(cases)('%s', async (_name, make) => {
    const made = await make();

    const answer = await world.send('d0', Array.isArray(made) ? made : [made]);

    expect(answer.kind).toBe('report_refused');
    expect(await world.db.selectFrom('reports').selectAll().execute()).toEqual([]);
    expect(await world.send('d0', [await envelope('d0', 1, started)])).toEqual({
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
    const whole = Buffer.from(JSON.stringify({ reports: [await envelope('d0', 1, started)] }));
    for (let length = 0; length < whole.length; length += 37) {
      expect((await world.sendBytes('d0', whole.subarray(0, length))).kind).toBe(
        'malformed_request',
      );
    }
    expect((await world.sendBytes('d0', whole)).kind).toBe('stored');
  });

  test('when it has one report more than a message may', async () => {
    const number = (index: number): Promise<Dsse> => envelope('d0', index + 1, started);
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

describe('a rollout', () => {
  test('opens its next phase in the transaction of the receipt', async () => {
    await addDevices(world, deviceIds(5));
    const id = await rollOut(20, 100);
    const [first] = await offered(id);

    await proves(first ?? '');

    expect(await rolloutDesk(world).findRollout(id)).toMatchObject({
      phase: 1,
      phases: [{ proven: 1 }, { offered: 4 }],
    });
    await world.settled();
    expect(world.announced.toSorted()).toEqual((await offered(id)).toSorted());
  });

  test('halts in the transaction of the failure, and the others never get the release', async () => {
    await addDevices(world, deviceIds(5));
    const id = await rollOut(20, 100);
    const [first = ''] = await offered(id);

    await world.send(first, [await envelope(first, 1, failed())]);

    expect(await rolloutDesk(world).findRollout(id)).toMatchObject({ state: 'halted' });
    const desired = await world.db
      .selectFrom('devices')
      .select('desired_manifest_sha256')
      .execute();
    expect(desired.every((row) => row.desired_manifest_sha256 === null)).toBe(true);
    expect(world.signed).toEqual([first]);
  });

  test('does not count a device any more that falls back, even after it has completed', async () => {
    await addDevices(world, ['d0']);
    const id = await rollOut(100);
    await proves('d0');
    expect(await rolloutDesk(world).findRollout(id)).toMatchObject({ state: 'completed' });

    const fell = report('d0', 2, started, running('1.0.0', 'a'.repeat(64)));
    await world.send('d0', [await signReport(fell)]);

    expect(await rolloutDesk(world).findRollout(id)).toMatchObject({
      state: 'completed',
      phases: [{ proven: 0, failed: 1 }],
    });
    expect(await assignmentOf(world, id, 'd0')).toMatchObject({
      state: 'rolled_back',
      code: 'drift',
    });
  });

  async function offered(id: string): Promise<string[]> {
    const rows = await world.db
      .selectFrom('assignments')
      .select('device')
      .where('rollout', '=', id)
      .where('state', '=', 'offered')
      .execute();
    return rows.map(({ device }) => device);
  }
});

test('however reports are repeated, reordered and cut into messages, each counts once', async () => {
  const events = fc.constantFrom('installing', 'trial', 'receipt', 'failed', 'started', 'drift');
  const script = fc.record({
    histories: fc.array(fc.array(events, { maxLength: 6 }), { minLength: 1, maxLength: 6 }),
    order: fc.infiniteStream(fc.nat()),
    sends: fc.integer({ min: 1, max: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(script, async ({ histories, order, sends }) => {
      world = await begin();
      await addDevices(world, deviceIds(histories.length));
      const id = await rollOut(50, 100);
      const outboxes = await Promise.all(
        histories.map((history, index) =>
          Promise.all(history.map((kind, at) => signReport(made(`d${index}`, at + 1, kind)))),
        ),
      );
      const next = (below: number): number => Number(order.next().value) % below;

      for (let send = 0; send < sends; send += 1) {
        const device = next(outboxes.length);
        const outbox = outboxes[device] ?? [];
        const some = Array.from({ length: next(4) + 1 }, () => outbox[next(outbox.length || 1)]);
        const envelopes = some.filter((each) => each !== undefined);
        if (envelopes.length > 0) await world.send(`d${device}`, envelopes);
      }
      for (const [device, outbox] of outboxes.entries()) {
        if (outbox.length > 0) await world.send(`d${device}`, outbox.toReversed());
      }
      await world.settled();

      const { kept, counted } = await countBoth(world, id);
      expect(kept).toEqual(counted);
      const stored = await world.db.selectFrom('reports').select(['device', 'number']).execute();
      expect(stored).toHaveLength(histories.flat().length);
    }),
    { numRuns: 40 },
  );

  function made(device: string, number: number, kind: string): Report {
    const now: Running = running('2.0.0', world.manifest);
    if (kind === 'receipt') return report(device, number, receipt(), now);
    if (kind === 'failed') return report(device, number, failed());
    if (kind === 'installing' || kind === 'trial') return report(device, number, stage(kind));
    const runs = kind === 'drift' ? running('1.0.0', 'a'.repeat(64)) : now;
    return report(device, number, started, runs);
  }
});
