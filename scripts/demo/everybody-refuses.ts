import type { RefusalCode } from '../../shared/trust/refusal.ts';
import type { DeviceDetail } from '../fleet/answers.ts';
import { detailOf, devicesOf, rollOut, serviceVersion, type Fleet } from './fleet.ts';
import { slotsDigest } from './slots.ts';
import { claim, type Happening } from './stage.ts';

/** What a release met that no device may take. */
export interface Refused {
  readonly by: readonly string[];
  readonly code: RefusalCode;
  readonly happenings: readonly Happening[];
}

/**
 * Offers a release to all at once and checks that each device refuses it with `code`, says so in a
 * signed report, keeps its slots byte for byte, and goes on running what it ran.
 */
export async function everybodyRefuses(
  fleet: Fleet,
  version: string,
  code: RefusalCode,
): Promise<Refused> {
  const look = () => Promise.all(fleet.devices.map(lookAt));
  const before = await look();
  // One proof would be enough, and only all refusals halt it: so every device is asked.
  const phases = ['--phases', '100', '--success', '1', '--failure', '100'];
  const { state } = await rollOut(fleet, version, ...phases);
  const details = await Promise.all((await devicesOf(fleet)).map(({ id }) => detailOf(fleet, id)));
  const after = await look();

  const refusedBy = details.filter((device) => hasRefused(device, version, code));
  claim(state === 'halted', `the rollout of ${version} halted: ${state}`);
  claim(
    refusedBy.length === fleet.devices.length,
    `every device refused ${version} with ${code}: ${details.map(assignedCode).join(', ')}`,
  );
  claim(
    JSON.stringify(after) === JSON.stringify(before),
    'every slot and every running service is as it was',
  );
  const by = refusedBy.map(({ id }) => id);
  const happenings = by.map((device) => ({ device, what: 'refused', version, why: code }) as const);
  return { by, code, happenings };
}

async function lookAt(device: Fleet['devices'][number]) {
  return { slots: await slotsDigest(device), runs: await serviceVersion(device) };
}

function hasRefused({ lastReports, assignment }: DeviceDetail, version: string, code: string) {
  const reported = lastReports.some(
    ({ event }) => event.kind === 'refused' && 'code' in event && event.code === code,
  );
  return reported && assignment?.version === version && assignment.code === code;
}

function assignedCode({ id, assignment }: DeviceDetail): string {
  return `${id} ${assignment?.state ?? 'nothing'} ${assignment?.code ?? ''}`;
}
