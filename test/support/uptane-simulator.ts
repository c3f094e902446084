import { sha256Hex } from '../../shared/crypto/digest.ts';
import { tufDate } from '../../shared/metadata/fields.ts';
import { manifestBytes, type ManifestFile } from '../../shared/release/manifest.ts';
import { manifestPath } from '../../shared/release/names.ts';
import { memoryStore, type MemoryStore } from '../../shared/trust/memory-store.ts';
import {
  targetFileName,
  verifyAssignment,
  type Verdict,
} from '../../shared/trust/verify-assignment.ts';
import { NOON, simulateRepository, targetFor, type Simulator } from './repository-simulator.ts';
import { testKey } from './test-key.ts';

/** Both repositories of a fleet whose authors make the product `gateway`. */
export interface UptaneSimulator {
  readonly director: Simulator;
  readonly image: Simulator;
  /** The author signs a release; answers its path. */
  readonly release: (version: string, changes?: Partial<ManifestFile>) => string;
  /** The director tells the device to run what stands at `path` (nothing without one). */
  readonly assign: (path?: string) => void;
  readonly device: (changes?: Partial<DeviceChoices>) => UptaneDevice;
}

interface DeviceChoices {
  readonly deviceId: string;
  readonly hardwareId: string;
  readonly product: string;
  readonly securityEpoch: number;
  readonly nonce: string | undefined;
}

/** A device with empty disks, its facts, and one thing to do. */
export interface UptaneDevice {
  readonly director: MemoryStore;
  readonly image: MemoryStore;
  readonly verify: (startedAt?: Date) => Promise<Verdict>;
}

/** A fleet of which one device is called `gw-1`, a `rpi4`. */
export async function simulateUptane(): Promise<UptaneSimulator> {
  const director = await simulateRepository();
  for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const) {
    director.setKeys(role, [testKey(`director ${role}`)]);
  }
  director.roots.length = 0;
  director.root.version = 0;
  await director.publishRoot();
  const image = await simulateRepository();
  image.delegate('gateway', ['gateway/*/*'], [testKey('gateway author')]);
  const say = (targets: Simulator['targets']['targets']): void => {
    director.targets.targets = targets;
    director.targets['custom'] = { deviceId: 'gw-1', serverTime: tufDate(NOON) };
    director.publish();
  };
  say({});
  return {
    director,
    image,
    release: (version, changes) => addRelease(image, version, changes),
    assign: (path) => {
      const signed = path && image.delegated.get('gateway')?.targets[path];
      say(signed ? { [path]: signed } : {});
    },
    device: (changes) => makeDevice(director, image, changes),
  };
}

/** A manifest as an honest author would write it, but for `changes`. */
export function testManifest(version: string, changes?: Partial<ManifestFile>): ManifestFile {
  return {
    schema: 'sealift.manifest/1',
    product: 'gateway',
    version,
    securityEpoch: 1,
    hardwareIds: ['rpi3', 'rpi4'],
    class: 'functional',
    artifacts: [
      {
        component: 'firmware',
        installer: 'archive',
        fileName: 'artifact.tar',
        mediaType: 'application/x-tar',
        length: 4,
        sha256: sha256Hex(Buffer.from('test')),
      },
    ],
    ...changes,
  };
}

function addRelease(image: Simulator, version: string, changes?: Partial<ManifestFile>): string {
  const manifest = testManifest(version, changes);
  const path = manifestPath('gateway', version);
  const bytes = manifestBytes(manifest);
  const { securityEpoch, hardwareIds } = manifest;
  const file = targetFor(bytes, { mustMatch: { securityEpoch, hardwareIds } });
  const role = image.delegated.get('gateway');
  if (role === undefined) throw new Error('bug: the simulator has no gateway role');
  role.targets = { ...role.targets, [path]: file };
  image.files.set(targetFileName(path, file), bytes);
  image.publish();
  return path;
}

function makeDevice(
  director: Simulator,
  image: Simulator,
  changes: Partial<DeviceChoices> = {},
): UptaneDevice {
  const stores = { director: memoryStore(), image: memoryStore() };
  const me = {
    deviceId: 'gw-1',
    hardwareId: 'rpi4',
    product: 'gateway',
    securityEpoch: 0,
    ...changes,
  };
  const repository = (name: 'director' | 'image', sim: Simulator, startedAt: Date) => ({
    name,
    fetch: sim.fetch,
    store: stores[name],
    firstRoot: sim.roots[0] ?? new Uint8Array(),
    startedAt,
  });
  return {
    ...stores,
    verify: (startedAt = NOON) =>
      verifyAssignment({
        director: repository('director', director, startedAt),
        image: repository('image', image, startedAt),
        asked: { deviceId: me.deviceId, nonce: changes.nonce },
        device: me,
      }),
  };
}
