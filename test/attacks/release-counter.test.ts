// Rollback within a security epoch: whoever holds every key of the server chooses among genuine
// releases, and without a counter could choose an old one. Going back is an author's signed act.
import { describe, expect, test } from 'vitest';
import { refusal } from '../support/tuf-device.ts';
import { simulateUptane, type UptaneSimulator } from '../support/uptane-simulator.ts';

/** Two genuine releases of one epoch; the device has committed the newer one, which is number 2. */
async function twoReleases(): Promise<{ readonly fleet: UptaneSimulator; readonly older: string }> {
  const fleet = await simulateUptane();
  const older = fleet.release('1.0.0');
  fleet.assign(fleet.release('1.1.0'));
  return { fleet, older };
}

describe('a device that has committed release number 2', () => {
  test('is told number 2 again, and takes it', async () => {
    const { fleet } = await twoReleases();

    await expect(fleet.device({ releaseCounter: 2 }).verify()).resolves.toMatchObject({
      manifest: { version: '1.1.0' },
      releaseCounter: 2,
    });
  });

  test('refuses an older genuine build of the same epoch, whoever assigns it', async () => {
    const { fleet, older } = await twoReleases();
    fleet.assign(older);

    await expect(fleet.device({ releaseCounter: 2 }).verify()).rejects.toEqual(
      refusal('release_counter_rolled_back'),
    );
    await expect(fleet.device({ releaseCounter: 1 }).verify()).resolves.toMatchObject({
      manifest: { version: '1.0.0' },
    });
  });

  test('refuses it also when the director says that its counter is higher', async () => {
    const { fleet, older } = await twoReleases();
    fleet.assign(older);
    const honest = fleet.director.targets.targets[older];
    const mustMatch = { securityEpoch: 1, hardwareIds: ['rpi3', 'rpi4'], releaseCounter: 3 };
    if (honest !== undefined) {
      fleet.director.targets.targets = { [older]: { ...honest, custom: { mustMatch } } };
    }
    fleet.director.publish();

    await expect(fleet.device({ releaseCounter: 2 }).verify()).rejects.toEqual(
      refusal('target_mismatch'),
    );
  });

  test('goes back once the author has counted the older one up', async () => {
    const { fleet, older } = await twoReleases();
    fleet.reissue(older);
    fleet.assign(older);

    await expect(fleet.device({ releaseCounter: 2 }).verify()).resolves.toMatchObject({
      manifest: { version: '1.0.0' },
      releaseCounter: 3,
    });
  });

  test('then refuses the newer one, which is now the older', async () => {
    const { fleet, older } = await twoReleases();
    fleet.reissue(older);

    await expect(fleet.device({ releaseCounter: 3 }).verify()).rejects.toEqual(
      refusal('release_counter_rolled_back'),
    );
  });

  test('refuses a release that was signed before there were counters', async () => {
    const { fleet, older } = await twoReleases();
    const role = fleet.image.delegated.get('gateway');
    const signed = role?.targets[older];
    if (role === undefined || signed === undefined) throw new Error('bug: no release');
    const custom = { mustMatch: { securityEpoch: 1, hardwareIds: ['rpi3', 'rpi4'] } };
    role.targets = { ...role.targets, [older]: { ...signed, custom } };
    fleet.image.publish();
    fleet.assign(older);

    await expect(fleet.device({ releaseCounter: 2 }).verify()).rejects.toEqual(
      refusal('release_counter_rolled_back'),
    );
    await expect(fleet.device().verify()).resolves.toMatchObject({ releaseCounter: 0 });
  });

  test.each([0, -1, true, '3', null])('refuses a counter that is %o', async (releaseCounter) => {
    const { fleet, older } = await twoReleases();
    const role = fleet.image.delegated.get('gateway');
    const signed = role?.targets[older];
    if (role === undefined || signed === undefined) throw new Error('bug: no release');
    const mustMatch = { securityEpoch: 1, hardwareIds: ['rpi3', 'rpi4'], releaseCounter };
    role.targets = { ...role.targets, [older]: { ...signed, custom: { mustMatch } } };
    fleet.image.publish();
    fleet.assign(older);

    await expect(fleet.device().verify()).rejects.toEqual(refusal('metadata_malformed'));
  });
});
