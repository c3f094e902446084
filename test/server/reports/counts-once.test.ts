import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Report } from '../../../shared/protocol/report.ts';
import {
  addDevices,
  countBoth,
  deviceIds,
  report,
  running,
  signReport,
} from '../../support/fleet.ts';
import { startReporting, STARTED, type ReportingFleet } from '../../support/reporting.ts';

test('however reports are repeated, reordered and cut into messages, each counts once', async () => {
  const events = fc.constantFrom('installing', 'trial', 'receipt', 'failed', 'started', 'drift');
  const script = fc.record({
    histories: fc.array(fc.array(events, { maxLength: 6 }), { minLength: 1, maxLength: 6 }),
    order: fc.infiniteStream(fc.nat()),
    sends: fc.integer({ min: 1, max: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(script, async ({ histories, order, sends }) => {
      const world = await startReporting();
      await addDevices(world, deviceIds(histories.length));
      const id = await world.rollOut(50, 100);
      const outboxes = await Promise.all(
        histories.map((history, index) =>
          Promise.all(
            history.map((kind, at) =>
              signReport(made(world, { device: `d${index}`, number: at + 1 }, kind)),
            ),
          ),
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
});

interface Which {
  readonly device: string;
  readonly number: number;
}

function made(world: ReportingFleet, { device, number }: Which, kind: string): Report {
  const now = running('2.0.0', world.manifest);
  switch (kind) {
    case 'receipt':
      return report(device, number, world.receipt(), now);
    case 'failed':
      return report(device, number, world.failed());
    case 'installing':
    case 'trial':
      return report(device, number, world.stage(kind));
    default: {
      const runs = kind === 'drift' ? running('1.0.0', 'a'.repeat(64)) : now;
      return report(device, number, STARTED, runs);
    }
  }
}
