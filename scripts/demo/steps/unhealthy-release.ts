import type { Event } from '../../fleet/answers.ts';
import type { Firmware } from '../firmware.ts';
import { detailOf, devicesOf, rollOut, serviceVersion, type Fleet } from '../fleet.ts';
import { claim, type Happening, type Told } from '../stage.ts';

/** A release that does not get healthy: the canary goes back by itself and the rollout halts. */
export async function rollOutUnhealthyRelease(
  fleet: Fleet,
  release: Firmware,
  before: string,
): Promise<Told<readonly Happening[]>> {
  const { version } = release;
  const phases = ['--phases', '20,100', '--success', '100', '--failure', '10'];
  const rollout = await rollOut(fleet, version, ...phases);
  const details = await Promise.all((await devicesOf(fleet)).map(({ id }) => detailOf(fleet, id)));
  const touched = details.filter(({ lastReports }) =>
    lastReports.some(({ event }) => event.release?.version === version),
  );
  const [canary] = touched;
  const end = canary?.lastReports.map(({ event }) => event).find(isRollbackOf(version));
  const running = await Promise.all(fleet.devices.map(serviceVersion));

  claim(rollout.state === 'halted', `the rollout of ${version} halted: ${rollout.state}`);
  claim(rollout.phases[1]?.offered === 0, 'the second phase was never offered');
  claim(touched.length === 1 && canary !== undefined, `one device saw ${version}`);
  claim(end !== undefined, `${canary.id} reported that it rolled back`);
  claim(
    running.every((answered) => answered === before),
    `every service answers as ${before} again: ${running.join(', ')}`,
  );
  const reason = 'reason' in end ? end.reason : end.kind;
  const neverSaw = details.filter((device) => device !== canary).map(({ id }) => id);
  return {
    says: `${canary.id} rolled back to ${before} by itself (health), the rollout halted, ${neverSaw.length} devices never saw ${version}`,
    facts: {
      version,
      rolledBack: canary.id,
      reason,
      rollout: rollout.state,
      halted: rollout.reason,
      neverSaw,
    },
    value: [{ device: canary.id, what: 'rolled back', version, why: reason }],
  };
}

function isRollbackOf(version: string): (event: Event) => boolean {
  return ({ kind, release }) => kind === 'rolled_back' && release?.version === version;
}
