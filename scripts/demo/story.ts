import { join } from 'node:path';
import { authorAt } from '../fleet/author.ts';
import type { Device } from '../fleet/device.ts';
import type { Server } from '../fleet/server.ts';
import type { Keeper, Running } from '../processes/keeper.ts';
import { publish, type Firmware } from './firmware.ts';
import type { Fleet } from './fleet.ts';
import type { Screen } from './screen.ts';
import type { Happening, Stage } from './stage.ts';
import { changeArtifactOnDisk } from './steps/changed-artifact.ts';
import { enrolDevices } from './steps/enrol-devices.ts';
import { rollOutGoodRelease } from './steps/good-release.ts';
import { lookAtDevices, verifyAudit } from './steps/last-look.ts';
import { makeKeys } from './steps/make-keys.ts';
import { offerOlderRelease } from './steps/older-release.ts';
import { packFirmware } from './steps/pack-firmware.ts';
import { signWithServerKeys } from './steps/server-keys.ts';
import { startEmptyServer } from './steps/start-server.ts';
import { rollOutUnhealthyRelease } from './steps/unhealthy-release.ts';

/** What the story is played with. */
export interface Props {
  readonly folder: string;
  readonly keeper: Keeper;
  readonly stage: Stage;
  readonly screen: Screen;
  readonly interrupted: AbortSignal;
}

/** What stands when the story is over. */
export interface Standing {
  readonly server: Server;
  readonly devices: readonly Device[];
  readonly agents: readonly Running[];
  /** The author's workspace. */
  readonly home: string;
}

const PASSPHRASE = 'only for the demo, never yours';

/** One signed release after the other, from an author's laptop to devices that prove they run it. */
export async function playStory(props: Props): Promise<Standing> {
  const { folder, stage, screen } = props;
  const firmware = join(folder, 'firmware');
  await stage.step('firmware', 'Real firmware is packed', () => packFirmware(firmware));
  const { server, fleet, ...rest } = await foundFleet(props);
  const release = (name: string): Promise<Firmware> =>
    publish(fleet.author, join(firmware, `gateway-${name}`));
  const happenings: Happening[] = [];

  const first = await stage.step('goodRelease', '1.0.0 is published and rolled out', async () =>
    rollOutGoodRelease(fleet, await release('1.0.0')),
  );
  happenings.push(
    ...(await stage.step('unhealthyRelease', '1.1.0 never gets healthy', async () =>
      rollOutUnhealthyRelease(fleet, await release('1.1.0'), first.version),
    )),
  );
  const old = await release('1.0.1-old');
  happenings.push(
    ...(await stage.step('changedArtifact', "An artifact is changed on the server's disk", () =>
      changeArtifactOnDisk(fleet, old, server.dataFolder),
    )),
    ...(await stage.step('serverKeys', 'A release is signed with all keys of the server', () =>
      signWithServerKeys(fleet, {
        ...props,
        server,
        release: first,
        copyFolder: join(folder, 'copied-device'),
      }),
    )),
  );
  const fixed = await stage.step('fixedRelease', '1.2.0 fixes everything', async () =>
    rollOutGoodRelease(fleet, await release('1.2.0')),
  );
  happenings.push(
    ...(await stage.step('olderRelease', 'An older release with a lower security epoch', () =>
      offerOlderRelease(fleet, old),
    )),
  );
  const table = await stage.step('devices', 'What each device runs now', () =>
    lookAtDevices(fleet, happenings, fixed.version),
  );
  screen.say(`${table}\n`);
  await stage.step('audit', 'The audit trail is verified', () => verifyAudit(fleet));
  return { server, devices: fleet.devices, ...rest };
}

interface Founded {
  readonly server: Server;
  readonly home: string;
  readonly agents: readonly Running[];
  readonly fleet: Fleet;
}

async function foundFleet(props: Props): Promise<Founded> {
  const { folder, keeper, stage, screen, interrupted } = props;
  const home = join(folder, 'author');
  const author = authorAt({ home, passphrase: PASSPHRASE, interrupted });
  const server = await stage.step('server', 'Server and broker start', () =>
    startEmptyServer(keeper, join(folder, 'server'), interrupted),
  );
  const roots = await stage.step('keys', 'The author makes the keys', () =>
    makeKeys(author, server, home),
  );
  const enrolling = { keeper, author, server, roots, interrupted, progress: screen.progress };
  const { devices, agents } = await stage.step('enrolment', 'Five devices enrol', () =>
    enrolDevices({ ...enrolling, folder: join(folder, 'devices') }),
  );
  const fleet = { author, devices, progress: screen.progress };
  return { server, home, agents, fleet };
}
