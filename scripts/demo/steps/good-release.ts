import type { Firmware } from '../firmware.ts';
import { devicesOf, rollOut, serviceVersion, type Fleet } from '../fleet.ts';
import { claim, type Told } from '../stage.ts';

/** A published release reaches every device, one canary first, on proof from each of them. */
export async function rollOutGoodRelease(fleet: Fleet, release: Firmware): Promise<Told<Firmware>> {
  const { version } = release;
  const phases = ['--phases', '20,100', '--success', '100', '--failure', '10'];
  const rollout = await rollOut(fleet, version, ...phases);
  const [canary, everybody] = rollout.phases;
  const devices = await devicesOf(fleet);
  const running = await Promise.all(fleet.devices.map(serviceVersion));

  claim(rollout.state === 'completed', `the rollout of ${version} completed: ${rollout.state}`);
  claim(canary?.members === 1 && canary.proven === 1, 'one canary proved it first');
  claim(everybody?.proven === fleet.devices.length - 1, 'then all others proved it');
  claim(
    devices.every((device) => device.running?.version === version),
    `every device reports that it runs ${version}`,
  );
  claim(
    running.every((answered) => answered === version),
    `every service answers as ${version}: ${running.join(', ')}`,
  );
  return {
    says: `${version} runs on all ${devices.length}: one canary proved it, then the other four did`,
    facts: { version, canaries: 1, proven: devices.length, rollout: rollout.state },
    value: release,
  };
}
