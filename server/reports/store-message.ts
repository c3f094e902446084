import { sha256Hex } from '../../shared/crypto/digest.ts';
import { DsseSchema, unverifiedPayload } from '../../shared/dsse.ts';
import type { Tx } from '../database/schema.ts';
import type { Report } from '../../shared/protocol/report.ts';
import { wasCarried } from '../director/carried-store.ts';
import { moveAssignments } from '../rollouts/assignment-store.ts';
import type { Move } from '../rollouts/start-move.ts';
import type { AssignedRelease, Effects } from './apply-report.ts';
import { foldReports } from './fold-reports.ts';
import type { VerifiedReport } from './open-reports.ts';
import {
  findEnvelope,
  findReporting,
  insertReports,
  updateDevice,
  type ReportingDevice,
} from './report-store.ts';

import { noticesIn, saveSignals, waitingIn, type Notice } from './signal-store.ts';

/** Reports of one device, verified, in one message. */
export interface Message {
  readonly device: string;
  readonly reports: readonly VerifiedReport[];
}

/** What became of a message. */
export type Stored =
  | {
      readonly kind: 'stored';
      /** Everything up to this number is stored, once the transaction is. */
      readonly stored: number;
      /** The rollout whose counters moved. */
      readonly rollout: string | undefined;
      /** Whether the device is now told to run something else. */
      readonly retold: boolean;
      /** The rollout that moves it off a recalled release, which it has just joined. */
      readonly move: Move | undefined;
      /** What the device noticed, as far as it is new. */
      readonly notices: readonly Notice[];
    }
  | { readonly kind: 'report_refused'; readonly message: string };

export interface StoreMessageDeps {
  readonly now: () => Date;
  readonly findAssignedRelease: (
    tx: Tx,
    manifestSha256: string,
  ) => Promise<AssignedRelease | undefined>;
  /** A device runs this manifest: should that be a recalled one, it is moved off it. */
  readonly moveOff: (tx: Tx, device: string, manifestSha256: string) => Promise<Move | undefined>;
}

/**
 * Stores what is new of a message and what it means: reports, device, assignment and counters, all
 * in the caller's transaction. Numbers go up without a gap; what is already there is skipped.
 */
export async function storeMessage(
  tx: Tx,
  message: Message,
  deps: StoreMessageDeps,
): Promise<Stored> {
  const device = await findReporting(tx, message.device);
  // Asked again here: it may have been retired since its token was checked.
  if (device?.state !== 'accepted') return refused(`${message.device} is not accepted`);
  const contradiction = await findContradiction(tx, device, message.reports);
  if (contradiction !== undefined) {
    return refused(`report ${contradiction} is already stored with another content`);
  }
  const fresh = nextWithoutGap(device.lastReportNumber, message.reports);
  const newest = fresh.at(-1);
  if (newest === undefined) return stored(device.lastReportNumber);

  const at = deps.now();
  const manifest = device.assignment?.manifestSha256;
  const release = manifest === undefined ? undefined : await deps.findAssignedRelease(tx, manifest);
  const said = fresh.map(({ report }) => report);
  const effects = foldReports(device, release, said, await findCarried(tx, device, said, deps));
  await insertReports(tx, device.id, fresh, at);
  await updateDevice(tx, newest.report, effects.device, at);
  const reports = fresh.map(({ report }) => report);
  const notices = noticesIn(reports, at);
  await saveSignals(tx, newest.report, { notices, waiting: waitingIn(reports, at) });
  const rollout = await moveAssignment(tx, device, effects, at);
  const { desiredManifestSha256: desired } = effects.device;
  const retold = desired !== undefined && desired !== device.desiredManifestSha256;
  const runs = newest.report.running?.release.manifestSha256;
  const move = runs === undefined ? undefined : await deps.moveOff(tx, device.id, runs);
  return { ...stored(newest.report.number), rollout, retold, notices, move };
}

/** The release of the last receipt that was not assigned, if it was signed to be carried to the device. */
async function findCarried(
  tx: Tx,
  { id, assignment }: ReportingDevice,
  reports: readonly Report[],
  { findAssignedRelease }: StoreMessageDeps,
): Promise<AssignedRelease | undefined> {
  const proofs = reports.flatMap(({ event }) =>
    event.kind === 'receipt' ? [event.release.manifestSha256] : [],
  );
  const manifest = proofs.findLast((each) => each !== assignment?.manifestSha256);
  if (manifest === undefined || !(await wasCarried(tx, id, manifest))) return undefined;
  return findAssignedRelease(tx, manifest);
}

function stored(number: number): Extract<Stored, { kind: 'stored' }> {
  return {
    kind: 'stored',
    stored: number,
    rollout: undefined,
    retold: false,
    notices: [],
    move: undefined,
  };
}

function refused(message: string): Stored {
  return { kind: 'report_refused', message };
}

/** The reports that follow the last stored one, number by number, each once. */
function nextWithoutGap(
  last: number,
  reports: readonly VerifiedReport[],
): readonly VerifiedReport[] {
  const byNumber = new Map(reports.map((each) => [each.report.number, each]));
  const fresh: VerifiedReport[] = [];
  for (let number = last + 1; ; number += 1) {
    const next = byNumber.get(number);
    if (next === undefined) return fresh;
    fresh.push(next);
  }
}

/** A number that the device has used for something else, in the database or in the message itself. */
async function findContradiction(
  tx: Tx,
  device: ReportingDevice,
  reports: readonly VerifiedReport[],
): Promise<number | undefined> {
  const said = new Map<number, string>();
  for (const { report, payload } of reports) {
    const { number } = report;
    const digest = sha256Hex(payload);
    if (said.has(number) && said.get(number) !== digest) return number;
    said.set(number, digest);
    if (number > device.lastReportNumber) continue;
    const envelope = await findEnvelope(tx, device.id, number);
    if (envelope !== undefined && payloadDigest(envelope) !== digest) return number;
  }
  return undefined;
}

function payloadDigest(envelope: Uint8Array): string {
  const text = Buffer.from(envelope).toString('utf8');
  return sha256Hex(unverifiedPayload(DsseSchema.parse(JSON.parse(text))));
}

async function moveAssignment(
  tx: Tx,
  { id, assignment }: ReportingDevice,
  effects: Effects,
  at: Date,
): Promise<string | undefined> {
  if (assignment === undefined || effects.assignment === undefined) return undefined;
  const { rollout, phase, state } = assignment;
  await moveAssignments(tx, [{ rollout, phase, state, device: id }], effects.assignment, at);
  return rollout;
}
