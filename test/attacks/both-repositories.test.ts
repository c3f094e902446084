// A1-A5, A7, A8, A11, A13, A29, A30: every attack on metadata, against the director as against the image
// repository. A device that was up to date refuses by name, keeps what it had, and goes on with the
// next honest version.
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../shared/metadata/limits.ts';
import type { RefusalCode } from '../../shared/trust/refusal.ts';
import { NOON, type Simulator } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal } from '../support/tuf-device.ts';
import { simulateUptane } from '../support/uptane-simulator.ts';

type Role = 'timestamp' | 'snapshot' | 'targets';

interface Attack {
  readonly name: string;
  /** Whose stored file must stay what it was. */
  readonly role: Role;
  readonly code: RefusalCode;
  readonly attack: (sim: Simulator) => unknown;
}

const ROLES = ['timestamp', 'snapshot', 'targets'] as const;
const newest = (sim: Simulator, role: Role): string =>
  role === 'timestamp' ? 'timestamp.json' : `${sim[role].version}.${role}.json`;

/** The attack of a role, for each role. */
function each(
  name: string,
  code: RefusalCode,
  attack: (sim: Simulator, role: Role) => unknown,
): Attack[] {
  return ROLES.map((role) => ({
    name: `${name}: ${role}`,
    role,
    code,
    attack: (sim) => attack(sim, role),
  }));
}

const ATTACKS: readonly Attack[] = [
  ...each('unsigned', 'threshold_not_met', (sim, role) => {
    sim.publish();
    sim.signers.set(role, []);
  }),
  ...each('signed by the key of nobody', 'threshold_not_met', (sim, role) => {
    sim.publish();
    sim.signers.set(role, [testKey('mallory')]);
  }),
  ...each('frozen: expired', 'metadata_expired', (sim, role) => {
    sim.publish();
    sim[role].expires = '2026-06-01T12:00:00Z';
  }),
  ...each('cut off in the middle', 'metadata_malformed', (sim, role) => {
    sim.publish();
    sim.namesHashes = false;
    sim.instead.set(newest(sim, role), (honest) => honest?.subarray(0, honest.length / 2));
  }),
  ...each('withheld', 'metadata_missing', (sim, role) => {
    sim.publish();
    sim.instead.set(newest(sim, role), () => undefined);
  }),
  ...each('endless', 'metadata_too_large', (sim, role) => {
    sim.publish();
    sim.namesHashes = false;
    sim.instead.set(newest(sim, role), () => Buffer.alloc(LIMITS.targetsBytes + 1, ' '));
  }),
  ...each('signed nine times by one key', 'metadata_malformed', (sim, role) => {
    sim.publish();
    sim.namesHashes = false;
    sim.instead.set(newest(sim, role), (honest) => {
      const text = String(honest);
      const [signature = ''] = /\{"keyid":[^}]*\}/.exec(text) ?? [];
      return Buffer.from(text.replace(signature, Array(9).fill(signature).join(',')));
    });
  }),
  ...each('saying one name twice', 'metadata_malformed', (sim, role) => {
    sim.publish();
    sim.namesHashes = false;
    sim.instead.set(newest(sim, role), (honest) =>
      Buffer.from(String(honest).replace('"version":', '"version":1,"version":')),
    );
  }),
  ...each('of another major version of TUF', 'spec_version_unsupported', (sim, role) => {
    sim.publish();
    sim[role].spec_version = '2.0.0';
  }),
  {
    name: 'a snapshot that names targets by a weak hash alone',
    role: 'snapshot',
    code: 'metadata_malformed',
    attack: (sim) => {
      sim.publish();
      sim.claims.set('targets.json', {
        version: 2,
        hashes: { md5: 'd41d8cd98f00b204e9800998ecf8427e' },
      });
    },
  },
  {
    name: 'rolled back: an older timestamp',
    role: 'timestamp',
    code: 'version_rolled_back',
    attack: (sim) => (sim.timestamp.version -= 1),
  },
  {
    name: 'rolled back: a new timestamp that names an older snapshot',
    role: 'snapshot',
    code: 'version_rolled_back',
    attack: (sim) => {
      sim.timestamp.version += 1;
      sim.snapshot.version -= 1;
    },
  },
  {
    name: 'rolled back: a new snapshot that lists older targets',
    role: 'targets',
    code: 'version_rolled_back',
    attack: (sim) => {
      sim.publish();
      sim.targets.version = 1;
    },
  },
  {
    name: 'taken out of the snapshot',
    role: 'snapshot',
    code: 'role_removed',
    attack: (sim) => {
      sim.publish();
      sim.claims.set('targets.json', null);
    },
  },
  {
    name: 'the same snapshot version over other content',
    role: 'snapshot',
    code: 'version_reused',
    attack: (sim) => {
      sim.timestamp.version += 1;
      sim.snapshot['x-note'] = 'other';
    },
  },
  {
    name: 'the same targets version over other content',
    role: 'targets',
    code: 'version_reused',
    attack: (sim) => {
      sim.timestamp.version += 1;
      sim.snapshot.version += 1;
      sim.targets['x-note'] = 'other';
    },
  },
  {
    name: 'mixed: an older snapshot in a newer set',
    role: 'snapshot',
    code: 'metadata_mismatched',
    attack: (sim) => serveOld(sim, 'snapshot'),
  },
  {
    name: 'mixed: older targets in a newer set',
    role: 'targets',
    code: 'metadata_mismatched',
    attack: (sim) => serveOld(sim, 'targets'),
  },
];

async function serveOld(sim: Simulator, role: Role): Promise<void> {
  const old = await sim.fetch(newest(sim, role), 1_000_000);
  sim.publish();
  sim.namesHashes = false;
  sim.instead.set(newest(sim, role), () => old);
}

describe.each(['director', 'image'] as const)('the %s repository', (repository) => {
  test.each(ATTACKS)('$name is refused as $code', async ({ role, code, attack }) => {
    const fleet = await simulateUptane();
    fleet.assign(fleet.release('1.0.0'));
    const device = fleet.device();
    await device.verify();
    const sim = fleet[repository];
    const before = device[repository].files.get(role);
    const honest = { signers: new Map(sim.signers), expires: sim.targets.expires };
    const asBefore = { spec_version: '1.0.34', expires: honest.expires };

    await attack(sim);
    await expect(device.verify()).rejects.toEqual(refusal(code));
    expect(device[repository].files.get(role)).toBe(before);

    sim.instead.clear();
    sim.claims.clear();
    for (const [name, signers] of honest.signers) sim.signers.set(name, signers);
    for (const role of ROLES) Object.assign(sim[role], { version: 20, ...asBefore });
    await expect(device.verify()).resolves.toMatchObject({ kind: 'release' });
  });

  test.each<readonly [string, RefusalCode, (sim: Simulator) => unknown]>([
    ['skips a version', 'root_version_wrong', (sim) => (sim.root.version += 1)],
    [
      'asks for no signature at all',
      'metadata_malformed',
      (sim) => {
        sim.setKeys('timestamp', [testKey('mallory')], 0);
      },
    ],
    [
      'lists one key under two ids',
      'key_id_mismatch',
      (sim) => {
        const one = testKey('one');
        sim.setKeys('timestamp', [one, { ...one, keyId: 'f'.repeat(64) }], 2);
      },
    ],
  ])('a root that %s is refused as %s, though its keys signed it', async (_what, code, attack) => {
    const fleet = await simulateUptane();
    fleet.assign(fleet.release('1.0.0'));
    const device = fleet.device();
    await device.verify();
    const sim = fleet[repository];
    const honest = { root: { ...sim.root }, signers: new Map(sim.signers) };

    attack(sim);
    await sim.publishRoot(honest.signers.get('root'));
    await expect(device.verify()).rejects.toEqual(refusal(code));
    expect(device[repository].files.get('root')).toBeUndefined();

    sim.roots.pop();
    Object.assign(sim.root, honest.root);
    for (const [name, signers] of honest.signers) sim.signers.set(name, signers);
    await sim.publishRoot();
    await expect(device.verify()).resolves.toMatchObject({ kind: 'release' });
  });

  test('frozen by its root: an expired root is refused, to the millisecond', async () => {
    const fleet = await simulateUptane();
    fleet.assign(fleet.release('1.0.0'));
    const device = fleet.device();
    await device.verify();
    const sim = fleet[repository];
    sim.root.expires = '2026-06-01T12:00:00Z';
    await sim.publishRoot();
    // The time that a director states must be one for which its root still vouches; and no later than
    // the last moment of this test, for a device goes by the later of clock and director.
    const said = fleet.director.targets['custom'] as object;
    fleet.director.targets['custom'] = { ...said, serverTime: '2026-06-01T11:00:00Z' };
    fleet.director.publish();

    await expect(device.verify(NOON)).rejects.toEqual(refusal('metadata_expired'));
    await expect(device.verify(new Date(NOON.getTime() - 1))).resolves.toMatchObject({
      kind: 'release',
    });
  });

  test('follows a root that old and new keys signed, and none that only one side did', async () => {
    const fleet = await simulateUptane();
    const sim = fleet[repository];
    const [old] = sim.signers.get('root') ?? [];
    if (old === undefined) throw new Error('bug: no root key');
    const device = fleet.device();
    fleet.assign(fleet.release('1.0.0'));
    await device.verify();

    sim.setKeys('root', [testKey('next root')]);
    await sim.publishRoot();
    await expect(device.verify()).rejects.toEqual(refusal('threshold_not_met'));
    expect(device[repository].files.get('root')).toBeUndefined();

    sim.roots.pop();
    sim.root.version -= 1;
    await sim.publishRoot([old, testKey('next root')]);
    await expect(device.verify()).resolves.toMatchObject({ kind: 'release' });
  });
});
