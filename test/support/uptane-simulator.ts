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
  /** The author counts a release up, so that devices may go back to it. */
  readonly reissue: (path: string) => void;
  /** The author recalls a release, and counts the one up that devices shall go to. */
  readonly recall: (path: string, moveTo?: string) => void;
  /** The director tells the device to run what stands at `path` (nothing without one). */
  readonly assign: (path?: string) => void;
  readonly device: (changes?: Partial<DeviceChoices>) => UptaneDevice;
}

interface DeviceChoices {
  readonly deviceId: string;
  readonly hardwareId: string;
  readonly product: string;
  readonly securityEpoch: number;
  readonly releaseCounter: number;
  readonly recalledReleases: readonly string[];
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
    reissue: (path) => {
      setCustom(image, path, (custom) => countUp(image, custom));
    },
    recall: (path, moveTo) => {
      const recall = { at: tufDate(NOON), reason: 'it eats the flash', ...(moveTo && { moveTo }) };
      setCustom(image, path, (custom) => ({ ...custom, recall }));
      if (moveTo === undefined) return;
      setCustom(image, manifestPath('gateway', moveTo), (custom) => countUp(image, custom));
    },
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
  const releaseCounter = nextCounter(image);
  const file = targetFor(bytes, { mustMatch: { securityEpoch, hardwareIds, releaseCounter } });
  const role = roleOf(image);
  role.targets = { ...role.targets, [path]: file };
  image.files.set(targetFileName(path, file), bytes);
  image.publish();
  return path;
}

type Custom = Readonly<Record<string, unknown>>;

function roleOf(image: Simulator): NonNullable<ReturnType<Simulator['delegated']['get']>> {
  const role = image.delegated.get('gateway');
  if (role === undefined) throw new Error('bug: the simulator has no gateway role');
  return role;
}

function setCustom(image: Simulator, path: string, change: (custom: Custom) => Custom): void {
  const role = roleOf(image);
  const target = role.targets[path];
  if (target === undefined) throw new Error(`bug: the author has not signed ${path}`);
  role.targets = { ...role.targets, [path]: { ...target, custom: change(target.custom ?? {}) } };
  image.publish();
}

function countUp(image: Simulator, custom: Custom): Custom {
  const mustMatch = custom['mustMatch'] as Custom;
  return { ...custom, mustMatch: { ...mustMatch, releaseCounter: nextCounter(image) } };
}

/** One above the highest in the role. */
function nextCounter(image: Simulator): number {
  const counters = Object.values(roleOf(image).targets).map(({ custom }) => {
    const mustMatch = custom?.['mustMatch'] as { readonly releaseCounter?: number } | undefined;
    return mustMatch?.releaseCounter ?? 0;
  });
  return Math.max(0, ...counters) + 1;
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
    releaseCounter: 0,
    recalledReleases: [],
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
