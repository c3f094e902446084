import type { ClockStanding, ReportedVersions } from '../../shared/protocol/standing.ts';
import type { RepositoryFloors } from '../../shared/trust/floors.ts';
import type { DeviceFloors } from '../verify/floors-file.ts';
import type { Standing } from './sign-report.ts';

/** What a device has verified, from its floors: what was refused since is not in them. */
export function standingOf(floors: DeviceFloors, clock: ClockStanding): Standing {
  const { time, image, director } = floors;
  return {
    time: { verified: time.getTime() === 0 ? null : time.toISOString(), clock },
    metadata: { image: versionsOf(image), director: versionsOf(director) },
  };
}

function versionsOf(floors: RepositoryFloors): ReportedVersions['image'] {
  return {
    root: floors.root ?? null,
    timestamp: floors.timestamp?.version ?? null,
    snapshot: floors.snapshot?.version ?? null,
    targets: floors.roles.get('targets')?.version ?? null,
  };
}
