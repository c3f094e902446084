import type { Dsse } from '../../shared/dsse.ts';
import { nativePublicKey } from '../../shared/crypto/native-ed25519.ts';
import type { ReportEvent } from '../../shared/protocol/report.ts';
import { findManifest } from '../../server/releases/release-store.ts';
import { rememberReleases } from '../../server/reports/assigned-release.ts';
import { reportIngest } from '../../server/reports/ingest.ts';
import { receiveReports, type Receipt } from '../../server/reports/receive-reports.ts';
import type { Notice } from '../../server/reports/signal-store.ts';
import { moveLatecomer } from '../../server/rollouts/move-latecomer.ts';
import { carryOut } from '../../server/rollouts/carry-out.ts';
import { rolloutDesk } from '../../server/rollouts/rollout-desk.ts';
import { addRelease, keyOf, report, running, signReport, startFleet, type Fleet } from './fleet.ts';

/** A fleet with release 2.0.0 published, whose devices can report. */
export interface ReportingFleet extends Fleet {
  /** The sha256 of the manifest of 2.0.0. */
  readonly manifest: string;
  /** Rolls 2.0.0 out; success 90, failure 20. Forgets who was signed for until then. */
  readonly rollOut: (...percents: number[]) => Promise<string>;
  /** What a device may say of 2.0.0. */
  readonly receipt: () => ReportEvent;
  readonly stage: (stage: 'installing' | 'trial') => ReportEvent;
  readonly failed: () => ReportEvent;
  /** A signed report; with a receipt, 2.0.0 runs. */
  readonly envelope: (device: string, number: number, event: ReportEvent) => Promise<Dsse>;
  readonly send: (device: string, envelopes: readonly Dsse[]) => Promise<Receipt>;
  /** What devices noticed, as the log would have it. */
  readonly noticed: Notice[];
  readonly sendBytes: (device: string, bytes: Uint8Array) => Promise<Receipt>;
  /** Resolves when what the commits set going has ended. */
  readonly settled: () => Promise<void>;
}

export const STARTED: ReportEvent = { kind: 'started' };

/** Begins one; `change` replaces what the fleet is made of. */
export async function startReporting(change: Partial<Fleet> = {}): Promise<ReportingFleet> {
  const fleet = { ...(await startFleet()), ...change, noticed: [] as Notice[] };
  const manifest = await addRelease(fleet, '2.0.0');
  const release = { product: 'gateway', version: '2.0.0', manifestSha256: manifest };
  const times = { verifyMilliseconds: 1, downloadMilliseconds: 1, trialMilliseconds: 1 };
  const { receive, settled } = receiverOf(fleet);
  return {
    ...fleet,
    manifest,
    settled,
    rollOut: (...percents) => rollOut(fleet, percents),
    receipt: () => ({ kind: 'receipt', release, ...times }),
    stage: (stage) => ({ kind: 'stage', release, stage }),
    failed: () => ({
      kind: 'failed',
      release,
      stage: 'installing',
      reason: 'install',
      detail: 'no space',
    }),
    envelope: (device, number, event) => {
      const runs = event.kind === 'receipt' ? running('2.0.0', manifest) : null;
      return signReport(report(device, number, event, runs));
    },
    sendBytes: receive,
    send: (device, reports) => receive(device, Buffer.from(JSON.stringify({ reports }))),
  };
}

function receiverOf(fleet: Fleet & Pick<ReportingFleet, 'noticed'>): {
  readonly receive: ReturnType<typeof receiveReports>;
  readonly settled: () => Promise<void>;
} {
  const under: Promise<void>[] = [];
  const ingest = reportIngest({
    ...fleet,
    findAssignedRelease: rememberReleases(findManifest),
    moveOff: (tx, device, manifestSha256) =>
      moveLatecomer(tx, device, manifestSha256, { actor: 'server', deps: fleet }),
    noticed: (notice) => {
      fleet.noticed.push(notice);
    },
    announce: (ids) => {
      under.push(fleet.announce(ids));
    },
    carryOut: (id) => {
      under.push(carryOut(id, fleet));
    },
  });
  const receive = receiveReports({
    findDeviceKey: (id) =>
      Promise.resolve(
        id.startsWith('d') ? nativePublicKey(keyOf(id).publicKey.keyval.public) : undefined,
      ),
    ingest,
  });
  const settled = async (): Promise<void> => {
    for (let next = under.pop(); next !== undefined; next = under.pop()) await next;
  };
  return { receive, settled };
}

async function rollOut(fleet: Fleet, percents: readonly number[]): Promise<string> {
  const phases = percents.map((percent) => ({ percent, successPercent: 90, failurePercent: 20 }));
  const wish = { product: 'gateway', version: '2.0.0', phases, actor: 'operator:kim' };
  const created = await rolloutDesk(fleet).createRollout(wish);
  if (created.kind !== 'created') throw new Error(created.kind);
  fleet.signed.length = 0;
  fleet.announced.length = 0;
  return created.rollout.id;
}
