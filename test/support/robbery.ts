import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { plainFloors } from '../../shared/trust/floors.ts';
import type { MemoryStore } from '../../shared/trust/memory-store.ts';
import type { Simulator } from './repository-simulator.ts';
import { testKey } from './test-key.ts';
import { simulateUptane, type UptaneDevice, type UptaneSimulator } from './uptane-simulator.ts';

/** The five keys that lie on the server. */
export const SERVER_KEYS = [
  'timestamp',
  'snapshot',
  'director timestamp',
  'director snapshot',
  'director targets',
] as const;

/** The three keys of the product `gateway`, of which two must sign. */
export const GATEWAY_KEYS = ['gateway one', 'gateway two', 'gateway three'] as const;

/**
 * A fleet before and after a theft. Whoever comes after it edits the repositories at will, but has
 * new signatures only from the keys that were stolen; of the others, only those made before.
 */
export interface Robbery {
  readonly fleet: UptaneSimulator;
  /** From here on the simulators are in the thief's hands, with exactly these keys. */
  readonly steal: (...keys: readonly string[]) => void;
  /**
   * The owners put new keys of these roles into the roots and run the repositories again. Their
   * offline keys were never stolen. Honest files go on with the version `at`.
   */
  readonly recover: (rotation: Rotation) => Promise<void>;
}

interface Rotation {
  readonly image?: readonly ('timestamp' | 'snapshot')[];
  readonly director?: readonly ('timestamp' | 'snapshot' | 'targets')[];
  readonly at?: number;
}

/** A fleet with two products: `gateway` (two of three keys) and `camera`. */
export async function fleetToRob(): Promise<Robbery> {
  const fleet = await simulateUptane();
  delegateGateway(fleet.image, GATEWAY_KEYS);
  fleet.image.delegate('camera', ['camera/*/*'], [testKey('camera author')]);
  let stolen: ReadonlySet<string> | undefined;
  const published = new Map<string, Uint8Array>();
  const guard = (signer: Signer): Signer => ({
    ...signer,
    sign: async (bytes) => {
      const name = `${signer.keyId} ${sha256Hex(bytes)}`;
      if (stolen === undefined || stolen.has(signer.keyId)) {
        published.set(name, await signer.sign(bytes));
      }
      return published.get(name) ?? new Uint8Array(64); // what no thief can make
    },
  });
  for (const sim of [fleet.image, fleet.director]) {
    for (const [role, signers] of sim.signers) sim.signers.set(role, signers.map(guard));
    const asBefore = sim.publish;
    const publish = (): void => {
      if (stolen === undefined) asBefore();
      else countUpWith(sim, stolen);
    };
    Object.assign(sim, { publish });
  }
  return {
    fleet,
    steal: (...keys) => {
      stolen = new Set(keys.map((name) => testKey(name).keyId));
    },
    recover: async ({ image = [], director = [], at = 50 }) => {
      stolen = undefined;
      await rotate(fleet.image, { roles: image, prefix: '' });
      await rotate(fleet.director, { roles: director, prefix: 'director ' });
      for (const sim of [fleet.image, fleet.director]) goOnAt(sim, at);
    },
  };
}

/** Delegates `gateway` anew, with the files it has, to these keys; two of them must sign. */
export function delegateGateway(image: Simulator, keys: readonly string[]): void {
  const file = image.delegated.get('gateway');
  const others = image.targets.delegations?.roles?.filter(({ name }) => name !== 'gateway') ?? [];
  image.targets.delegations = { keys: image.targets.delegations?.keys ?? {}, roles: others };
  image.delegate('gateway', ['gateway/*/*'], keys.map(testKey));
  if (file !== undefined) image.delegated.set('gateway', file);
  image.targets.delegations.roles = image.targets.delegations.roles?.map((role) =>
    role.name === 'gateway' ? { ...role, threshold: 2 } : role,
  );
}

/** What a device has on its disk, for "the same as before". */
export function diskOf(device: UptaneDevice): string {
  const plain = (store: MemoryStore): unknown => [
    [...store.files].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]).sort(),
    plainFloors(store.floors()),
  ];
  return JSON.stringify([plain(device.director), plain(device.image)]);
}

/** A thief leaves alone what none of his keys signs: a number on it would only give him away. */
function countUpWith(sim: Simulator, stolen: ReadonlySet<string>): void {
  const { targets, snapshot, timestamp, delegated } = sim;
  const files = new Map([...delegated, ...Object.entries({ targets, snapshot, timestamp })]);
  for (const [role, file] of files) {
    const signers = sim.signers.get(role) ?? [];
    if (signers.some(({ keyId }) => stolen.has(keyId))) file.version += 1;
  }
}

async function rotate(
  sim: Simulator,
  { roles, prefix }: { readonly roles: readonly RoleName[]; readonly prefix: string },
): Promise<void> {
  if (roles.length === 0) return;
  for (const role of roles) sim.setKeys(role, [testKey(`next ${prefix}${role}`)]);
  await sim.publishRoot([testKey(`${prefix}root`)]);
}

type RoleName = 'timestamp' | 'snapshot' | 'targets';

function goOnAt(sim: Simulator, version: number): void {
  sim.instead.clear();
  sim.claims.clear();
  for (const file of [sim.timestamp, sim.snapshot]) {
    Object.assign(file, { version, expires: '2026-06-08T00:00:00Z' });
  }
}
