import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { loadConfig } from '../../agent/config/load-config.ts';
import { installBundle } from '../../agent/install-bundle.ts';
import { openBundleLink } from '../../agent/link/bundle-link.ts';
import type { Ambient } from '../../agent/ground.ts';
import { openAgent } from '../../agent/open-agent.ts';
import { tufDate } from '../../shared/metadata/fields.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { startDeviceServer, longLivedFleet, type DeviceServer } from './device-server.ts';
import {
  bundleFolder,
  bundleOf,
  DAY,
  grantOffline,
  signToCarry,
  type BundleContent,
  type Carried,
} from './offline-world.ts';
import { NOON } from './repository-simulator.ts';
import { provisionDevice, testAmbient, type TestDevice } from './test-agent.ts';
import { offerRelease } from './test-archive.ts';

/** A device far from its server, and an author who can carry bundles to it. */
export interface OfflineWorld {
  /** Of the repositories; the device must never ask it. */
  readonly server: DeviceServer;
  readonly device: TestDevice;
  /** Signs what is assigned to be carried, and answers the bundle. */
  readonly carry: (carried?: Partial<Carried>) => Promise<BundleContent>;
  /** The same after publishing a release. */
  readonly release: (version: string, carried?: Partial<Carried>) => Promise<BundleContent>;
  /** Installs what lies at `path`; answers how it ended, or the code of the refusal. */
  readonly install: (path: string, ambient?: Partial<Ambient>) => Promise<string>;
  /** The same for a bundle that is written to a folder. */
  readonly installFolder: (content: BundleContent, ambient?: Partial<Ambient>) => Promise<string>;
}

/** So many days after the bundles of a test are signed, unless it says otherwise. */
export const daysOn = (days: number): Pick<Ambient, 'now'> => ({
  now: () => new Date(NOON.getTime() + days * DAY),
});

/** Timestamps live a day and snapshots a week, as on a real server; people's files live long. */
export async function offlineWorld(maxDays = 30): Promise<OfflineWorld> {
  const fleet = await longLivedFleet();
  await grantOffline(fleet, maxDays);
  fleet.image.timestamp.expires = tufDate(new Date(NOON.getTime() + DAY));
  fleet.image.snapshot.expires = tufDate(new Date(NOON.getTime() + 7 * DAY));
  const server = await startDeviceServer(fleet);
  const device = await provisionDevice(server);
  const carry: OfflineWorld['carry'] = (carried) => {
    signToCarry(fleet, { at: NOON, days: 30, ...carried });
    return bundleOf(fleet, server.blobs);
  };
  const install: OfflineWorld['install'] = async (path, ambient = daysOn(10)) => {
    try {
      const link = await openBundleLink(path);
      const config = await loadConfig(device.configPath);
      const write = (line: string): void => {
        device.events.push(JSON.parse(line) as Record<string, unknown>);
      };
      const agent = await openAgent(config, { ...testAmbient(), write, ...ambient }, link.server);
      const end = await installBundle(agent, link);
      return end === 'refused' ? await lastRefusal(device) : end;
    } catch (cause) {
      if (cause instanceof Refusal) return cause.code;
      throw cause;
    }
  };
  return {
    server,
    device,
    carry,
    release: (version, carried) => {
      offerRelease(server, version);
      return carry(carried);
    },
    install,
    installFolder: async (content, ambient) => install(await bundleFolder(content), ambient),
  };
}

async function lastRefusal({ folder }: TestDevice): Promise<string> {
  const text = await readFile(join(folder, 'state', 'state.json'), 'utf8');
  const { value } = JSON.parse(text) as { value: { lastRefusal: { code: string } | null } };
  return value.lastRefusal?.code ?? 'refused without a code';
}
