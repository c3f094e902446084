import type { Report } from '../../shared/protocol/report.ts';
import { applyReport, type AssignedRelease, type Effects, type Known } from './apply-report.ts';
import { applyCarried } from './carried-receipt.ts';
import type { ReportingDevice } from './report-store.ts';

/**
 * One report after the other, each on what the ones before have made of the device. `carried` is a
 * release that was carried to it and that no rollout assigned.
 */
export function foldReports(
  device: ReportingDevice,
  release: AssignedRelease | undefined,
  reports: readonly Report[],
  carried?: AssignedRelease,
): Effects {
  let total: Effects = { assignment: undefined, device: {} };
  for (const report of reports) {
    const state = total.assignment?.state ?? device.assignment?.state;
    const known = {
      securityEpoch: total.device.securityEpoch ?? device.securityEpoch,
      // Null is a change of its own ("nothing proven any more"), so `??` would lose it.
      provenManifestSha256:
        total.device.provenManifestSha256 === undefined
          ? device.provenManifestSha256
          : total.device.provenManifestSha256,
      assignment: state === undefined || release === undefined ? undefined : { state, release },
    };
    const next = applyNext(known, report, carried);
    total = {
      assignment: next.assignment ?? total.assignment,
      device: { ...total.device, ...next.device },
    };
  }
  return total;
}

function applyNext(known: Known, report: Report, carried: AssignedRelease | undefined): Effects {
  const byHand = carried && applyCarried(known, carried, report);
  return byHand ?? applyReport(known, report);
}
