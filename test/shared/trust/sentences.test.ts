// A refusal speaks twice: its code to programs, and a sentence with both values to the person who must
// act. These are the sentences.
import { expect, test } from 'vitest';
import { LIMITS } from '../../../shared/metadata/limits.ts';
import {
  NOON,
  simulateRepository,
  targetFor,
  type Simulator,
} from '../../support/repository-simulator.ts';
import { testKey } from '../../support/test-key.ts';
import { tufDevice } from '../../support/tuf-device.ts';
import {
  simulateUptane,
  testManifest,
  type UptaneSimulator,
} from '../../support/uptane-simulator.ts';
import { manifestBytes } from '../../../shared/release/manifest.ts';

const EXPIRED = '2026-06-01T12:00:00Z';
const gateway = (sim: Simulator): Simulator['targets'] => {
  const role = sim.delegated.get('gateway');
  if (role === undefined) throw new Error('bug: no gateway');
  return role;
};

type Attack = (sim: Simulator) => unknown;

/** What a device says that has verified version 2 of everything. */
const OF_A_REPOSITORY: readonly (readonly [string, Attack])[] = [
  ['timestamp v1 is older than trusted v2', (sim) => (sim.timestamp.version = 1)],
  [
    'snapshot v1 is older than trusted v2',
    (sim) => {
      sim.timestamp.version = 3;
      sim.snapshot.version = 1;
    },
  ],
  [
    'targets.json v1 is older than trusted v2',
    (sim) => {
      sim.publish();
      sim.targets.version = 1;
    },
  ],
  [
    'snapshot v2 was verified before with other content',
    (sim) => {
      sim.timestamp.version = 3;
      sim.snapshot.expires = '2026-06-09T00:00:00Z';
    },
  ],
  [
    'targets v2 was verified before with other content',
    (sim) => {
      Object.assign(sim.timestamp, { version: 3 });
      Object.assign(sim.snapshot, { version: 3 });
      sim.targets.expires = '2026-06-09T00:00:00Z';
    },
  ],
  [
    'snapshot lost gateway.json',
    (sim) => {
      sim.publish();
      sim.claims.set('gateway.json', null);
    },
  ],
  [
    'snapshot is v3, its parent names v4',
    (sim) => {
      sim.publish();
      sim.namesHashes = false;
      sim.claims.set('snapshot.json', { version: 4 });
      const three = sim.fetch('3.snapshot.json', 1_000_000);
      const served: { bytes?: Uint8Array | undefined } = {};
      sim.instead.set('4.snapshot.json', () => served.bytes);
      return three.then((bytes) => (served.bytes = bytes));
    },
  ],
  [
    'timestamp v3 expired 2026-06-01T12:00:00.000Z',
    (sim) => {
      sim.publish();
      sim.timestamp.expires = EXPIRED;
    },
  ],
  [
    'snapshot v3 expired 2026-06-01T12:00:00.000Z',
    (sim) => {
      sim.publish();
      sim.snapshot.expires = EXPIRED;
    },
  ],
  [
    'targets v3 expired 2026-06-01T12:00:00.000Z',
    (sim) => {
      sim.publish();
      sim.targets.expires = EXPIRED;
    },
  ],
  [
    'gateway v3 expired 2026-06-01T12:00:00.000Z',
    (sim) => {
      sim.publish();
      gateway(sim).expires = EXPIRED;
    },
  ],
  [
    'root v2 expired 2026-06-01T12:00:00.000Z',
    (sim) => {
      sim.root.expires = EXPIRED;
      return sim.publishRoot();
    },
  ],
  [
    'root v3 was offered after trusted v1',
    (sim) => {
      sim.root.version = 2;
      return sim.publishRoot();
    },
  ],
  ['root v2 is signed by 0 of the 1 keys it needs', (sim) => sim.publishRoot([testKey('mallory')])],
  ...(['timestamp', 'snapshot', 'targets', 'gateway'] as const).map(
    (role): readonly [string, Attack] => [
      `${role} is signed by 0 of the 1 keys it needs`,
      (sim) => {
        sim.publish();
        sim.signers.set(role, []);
      },
    ],
  ),
  [
    'snapshot has 100 bytes, its parent names ',
    (sim) => {
      sim.publish();
      sim.instead.set('3.snapshot.json', () => nested());
    },
  ],
  [
    'snapshot: nested deeper',
    (sim) => {
      sim.publish();
      sim.namesHashes = false;
      sim.instead.set('3.snapshot.json', () => nested());
    },
  ],
  ['timestamp: nested deeper', (sim) => sim.instead.set('timestamp.json', () => nested())],
  [
    `timestamp at meta.snapshot.json.version: `,
    (sim) => sim.claims.set('snapshot.json', { version: 0 }),
  ],
  [
    `snapshot at meta.targets.json.version: `,
    (sim) => {
      sim.publish();
      sim.claims.set('targets.json', { version: 0 });
    },
  ],
  [
    'targets at delegations.roles: a role is delegated twice',
    (sim) => {
      sim.delegate('gateway', ['x/*'], [testKey('gateway')]);
      sim.publish();
    },
  ],
  ['timestamp.json is not there', (sim) => sim.instead.set('timestamp.json', () => undefined)],
  [
    '3.snapshot.json is not there',
    (sim) => {
      sim.publish();
      sim.instead.set('3.snapshot.json', () => undefined);
    },
  ],
  [
    '3.gateway.json is not there',
    (sim) => {
      sim.publish();
      sim.instead.set('3.gateway.json', () => undefined);
    },
  ],
  [
    `timestamp.json is longer than ${LIMITS.timestampBytes} bytes`,
    (sim) => sim.instead.set('timestamp.json', () => Buffer.alloc(LIMITS.timestampBytes + 1)),
  ],
  [
    `2.root.json is longer than ${LIMITS.rootBytes} bytes`,
    (sim) => sim.instead.set('2.root.json', () => Buffer.alloc(LIMITS.rootBytes + 1)),
  ],
  [
    `root lists a key under ${'f'.repeat(64)}, not its own id`,
    (sim) => {
      sim.setKeys('timestamp', [{ ...testKey('timestamp'), keyId: 'f'.repeat(64) }]);
      return sim.publishRoot();
    },
  ],
  [
    `targets lists a key under ${'f'.repeat(64)}, not its own id`,
    (sim) => {
      sim.delegate('camera', ['camera/*'], [{ ...testKey('camera'), keyId: 'f'.repeat(64) }]);
      sim.publish();
    },
  ],
  [
    'snapshot lists no targets.json',
    (sim) => {
      sim.setKeys('snapshot', [testKey('next snapshot')]); // so that the floors are forgotten
      sim.publish();
      sim.claims.set('targets.json', null);
      return sim.publishRoot();
    },
  ],
];

function nested(): Uint8Array {
  return Buffer.from('['.repeat(100));
}

test.each(OF_A_REPOSITORY)('a device that was up to date says: %s', async (says, attack) => {
  const sim = await simulateRepository();
  sim.delegate('gateway', ['gateway/*'], [testKey('gateway')]);
  sim.publish();
  const device = tufDevice(sim);
  await device.find('gateway/x');

  await attack(sim);

  await expect(device.find('gateway/x', NOON)).rejects.toThrow(says);
});

const mustMatch = { securityEpoch: 1, hardwareIds: ['rpi4'], releaseCounter: 1 };
const say = (fleet: UptaneSimulator, custom: object): void => {
  fleet.director.targets['custom'] = {
    deviceId: 'gw-1',
    serverTime: '2026-06-01T11:00:00Z',
    ...custom,
  };
  fleet.director.publish();
};

const OF_AN_ASSIGNMENT: readonly (readonly [string, (fleet: UptaneSimulator) => unknown])[] = [
  [
    'signed for gw-2, this is gw-1',
    (fleet) => {
      say(fleet, { deviceId: 'gw-2' });
    },
  ],
  [
    'the director did not repeat our nonce',
    (fleet) => {
      say(fleet, { nonce: 'other' });
    },
  ],
  [
    'server time 2026-06-08T00:00:00.000Z is after its root',
    (fleet) => {
      say(fleet, { nonce: 'n', serverTime: '2026-06-08T00:00:00Z' });
    },
  ],
  [
    'the director targets name no device or time',
    (fleet) => {
      say(fleet, { deviceId: 7 });
    },
  ],
  [
    'the director targets delegate',
    (fleet) => {
      fleet.director.delegate('helper', ['*'], [testKey('mallory')]);
      say(fleet, { nonce: 'n' });
    },
  ],
  [
    '2 releases are assigned at once',
    (fleet) => {
      const file = targetFor(Buffer.from('x'), { mustMatch });
      fleet.director.targets.targets = {
        'gateway/1/manifest.json': file,
        'gateway/2/manifest.json': file,
      };
      say(fleet, { nonce: 'n' });
    },
  ],
  [
    'the image repository has no gateway/6.6.6/manifest.json',
    (fleet) => {
      const file = targetFor(manifestBytes(testManifest('6.6.6')), { mustMatch });
      fleet.director.targets.targets = { 'gateway/6.6.6/manifest.json': file };
      say(fleet, { nonce: 'n' });
    },
  ],
];

test.each(OF_AN_ASSIGNMENT)('a device says of its assignment: %s', async (says, attack) => {
  const fleet = await simulateUptane();
  attack(fleet);

  await expect(fleet.device({ nonce: 'n' }).verify()).rejects.toThrow(says);
});
