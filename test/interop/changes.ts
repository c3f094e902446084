import { targetFor, type Simulator } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';

/** One thing that happens to a repository. */
export type Change = readonly [name: string, (sim: Simulator) => unknown];

type Online = 'timestamp' | 'snapshot' | 'targets';
const ONLINE = ['timestamp', 'snapshot', 'targets'] as const;
/** What both clients look for. */
export const PATH = 'gateway/file';
const expired = '2026-06-01T00:00:00Z';

/** A new root with new holders of a role, and with it new versions, as an honest operator does. */
async function handOver(
  sim: Simulator,
  role: Online,
  keys: string[],
  signed = keys,
): Promise<void> {
  sim.setKeys(role, keys.map(testKey), keys.length);
  sim.signers.set(role, signed.map(testKey));
  // tuf-js does not forget the old timestamp when only the snapshot key changed (TUF 5.3.11).
  if (role === 'snapshot') sim.setKeys('timestamp', [testKey('timestamp of the next root')]);
  await sim.publishRoot();
  sim.publish();
}
/** The role that vouches for it. */
export const gateway = (sim: Simulator): Simulator['targets'] => {
  const role = sim.delegated.get('gateway');
  if (role === undefined) throw new Error('bug: no gateway');
  return role;
};
const setDelegation = (sim: Simulator, change: object): void => {
  const { keys = {}, roles = [] } = sim.targets.delegations ?? {};
  sim.targets.delegations = { keys, roles: roles.map((role) => ({ ...role, ...change })) };
};
const perRole = (name: string, change: (sim: Simulator, role: Online) => unknown): Change[] =>
  ONLINE.map((role) => [`${role}: ${name}`, (sim) => change(sim, role)]);

/** What an honest operator does, and what an attacker on the wire or with a key or two does. */
export const CHANGES: readonly Change[] = [
  [
    'a new version of everything',
    (sim) => {
      sim.publish();
    },
  ],
  [
    'another release',
    (sim) => {
      gateway(sim).targets = { [PATH]: targetFor(Buffer.from('second')) };
      sim.publish();
    },
  ],
  [
    'the release is taken away',
    (sim) => {
      gateway(sim).targets = {};
      sim.publish();
    },
  ],
  [
    'top-level targets name it too',
    (sim) => {
      sim.targets.targets = { [PATH]: targetFor(Buffer.from('top')) };
      sim.publish();
    },
  ],
  ['a new root', (sim) => sim.publishRoot()],
  [
    'root changes hands',
    async (sim) => {
      sim.setKeys('root', [testKey('next root')]);
      await sim.publishRoot([testKey('root'), testKey('next root')]);
    },
  ],
  [
    'root by the new key only',
    async (sim) => {
      sim.setKeys('root', [testKey('mallory')]);
      await sim.publishRoot();
    },
  ],
  [
    'root by the old key only',
    async (sim) => {
      sim.setKeys('root', [testKey('next root')]);
      await sim.publishRoot([testKey('root')]);
    },
  ],
  [
    'root skips a version',
    async (sim) => {
      sim.root.version += 1;
      await sim.publishRoot();
    },
  ],
  [
    'root expired',
    async (sim) => {
      sim.root.expires = expired;
      await sim.publishRoot();
    },
  ],
  [
    'no consistent snapshots',
    async (sim) => {
      sim.root.consistent_snapshot = false;
      await sim.publishRoot();
    },
  ],
  [
    'parents name versions only',
    (sim) => {
      sim.namesHashes = false;
      sim.publish();
    },
  ],
  [
    'the delegation is terminating',
    (sim) => {
      setDelegation(sim, { terminating: true });
      sim.publish();
    },
  ],
  [
    'the delegation covers another path',
    (sim) => {
      setDelegation(sim, { paths: ['camera/*'] });
      sim.publish();
    },
  ],
  [
    'the delegation is by hash',
    (sim) => {
      setDelegation(sim, {
        paths: undefined,
        path_hash_prefixes: ['0', '1', '2', '3', '4', '5', '6', '7'],
      });
      sim.publish();
    },
  ],
  [
    'the delegation needs two',
    (sim) => {
      setDelegation(sim, { threshold: 2 });
      sim.publish();
    },
  ],
  [
    'the product signed by nobody',
    (sim) => {
      sim.publish();
      sim.signers.set('gateway', []);
    },
  ],
  [
    'the product signed by another',
    (sim) => {
      sim.publish();
      sim.signers.set('gateway', [testKey('mallory')]);
    },
  ],
  [
    'the product is older',
    (sim) => {
      sim.publish();
      gateway(sim).version = 1;
    },
  ],
  [
    'the product has expired',
    (sim) => {
      sim.publish();
      gateway(sim).expires = expired;
    },
  ],
  [
    'the product is not listed any more',
    (sim) => {
      sim.publish();
      sim.claims.set('gateway.json', null);
    },
  ],
  ...perRole('signed by nobody', (sim, role) => {
    sim.publish();
    sim.signers.set(role, []);
  }),
  ...perRole('signed by another', (sim, role) => {
    sim.publish();
    sim.signers.set(role, [testKey('mallory')]);
  }),
  ...perRole('signed by another as well', (sim, role) => {
    sim.signers.set(role, [testKey('mallory'), ...(sim.signers.get(role) ?? [])]);
    sim.publish();
  }),
  ...perRole('older', (sim, role) => {
    sim.publish();
    sim[role].version = 1;
  }),
  ...perRole('expired', (sim, role) => {
    sim.publish();
    sim[role].expires = expired;
  }),
  ...perRole('of another type', (sim, role) => {
    sim.publish();
    sim[role]._type = 'mirrors' as never;
  }),
  ...perRole('of another major version', (sim, role) => {
    sim.publish();
    sim[role].spec_version = '2.0.0';
  }),
  ...perRole('with a field nobody knows', (sim, role) => {
    sim[role]['x-note'] = { a: 1 };
    sim.publish();
  }),
  ...perRole('missing', (sim, role) => {
    sim.publish();
    const version = sim[role].version;
    for (const name of [`${role}.json`, `${version}.${role}.json`])
      sim.instead.set(name, () => undefined);
  }),
  ...perRole('with one byte changed', (sim, role) => {
    sim.publish();
    const change = (bytes: Uint8Array | undefined): Uint8Array =>
      Buffer.from(String(bytes).replace('2026-06-08', '2026-07-08'));
    for (const name of [`${role}.json`, `${sim[role].version}.${role}.json`])
      sim.instead.set(name, change);
  }),
  [
    'the snapshot is named with another hash',
    (sim) => {
      sim.publish();
      sim.claims.set('snapshot.json', {
        version: sim.snapshot.version,
        hashes: { sha256: '0'.repeat(64) },
      });
    },
  ],
  [
    'targets are named with another length',
    (sim) => {
      sim.publish();
      sim.claims.set('targets.json', { version: sim.targets.version, length: 1 });
    },
  ],
  [
    'targets are named with another version',
    (sim) => {
      sim.publish();
      sim.claims.set('targets.json', { version: sim.targets.version + 1 });
    },
  ],
];

/**
 * A role gets other keys. Apart from the rest, because tuf-js does not forget versions when online
 * keys change (TUF 5.3.11): together with an older file, only ours would go on.
 */
export const HAND_OVERS: readonly Change[] = [
  ...perRole('changes hands', (sim, role) => handOver(sim, role, [`next ${role}`])),
  ...perRole('two must sign and do', (sim, role) => handOver(sim, role, [role, 'second'])),
  ...perRole('two must sign, one does', (sim, role) =>
    handOver(sim, role, [role, 'second'], [role]),
  ),
];
