// The written list of what tuf-js 5.0.1 believes and we do not. Each is an attack on somebody, or a
// form that two clients read differently; each has its honest twin in the other files of this folder.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Signer } from '../../shared/crypto/signer.ts';
import type { RefusalCode } from '../../shared/trust/refusal.ts';
import { foreignSigner, underAnotherId } from '../support/foreign-signer.ts';
import {
  NOON,
  simulateRepository,
  targetFor,
  type Simulator,
} from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { tufDevice } from '../support/tuf-device.ts';
import { tufJsClient } from './tuf-js-client.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOON }));
afterEach(() => vi.useRealTimers());

const good = targetFor(Buffer.from('good'));

interface Difference {
  readonly what: string;
  /** Why we refuse. */
  readonly because: string;
  readonly arrange: (sim: Simulator) => unknown;
  /** What we say, or `nothing` where we find nothing. */
  readonly ours: RefusalCode | 'nothing';
}

async function timestampKeys(
  sim: Simulator,
  keys: readonly Signer[],
  threshold = 1,
): Promise<void> {
  sim.setKeys('timestamp', keys, threshold);
  await sim.publishRoot();
}

function rewrite(sim: Simulator, name: string, from: RegExp, to: string): void {
  sim.namesHashes = false;
  sim.instead.set(name, (honest) => Buffer.from(String(honest).replace(from, to)));
}

const DIFFERENCES: readonly Difference[] = [
  {
    what: 'one key under two ids meets a threshold of two',
    because: 'a threshold counts people, so it counts keys (TAP 12)',
    arrange: (sim) => timestampKeys(sim, [testKey('one'), underAnotherId(testKey('one'))], 2),
    ours: 'key_id_mismatch',
  },
  {
    what: 'a keyid that is not the hash of its key',
    because: 'TUF 4.3; read of others, never of ours',
    arrange: (sim) => timestampKeys(sim, [underAnotherId(testKey('one'))]),
    ours: 'key_id_mismatch',
  },
  {
    what: 'an RSA key',
    because: 'ours are Ed25519 and P-256; read of others',
    arrange: (sim) => timestampKeys(sim, [foreignSigner('rsa')]),
    ours: 'threshold_not_met',
  },
  {
    what: 'a target without any hash',
    because: 'whoever serves it chooses the bytes (TUF 4.5)',
    arrange: (sim) => {
      sim.targets.targets = { file: { length: 4, hashes: {} } };
    },
    ours: 'metadata_malformed',
  },
  {
    what: 'a target with an MD5 only',
    because: 'MD5 can be forged',
    arrange: (sim) => {
      sim.targets.targets = {
        file: { length: 4, hashes: { md5: 'd41d8cd98f00b204e9800998ecf8427e' } },
      };
    },
    ours: 'metadata_malformed',
  },
  {
    what: 'an expiry that nobody can read',
    because: 'it would never expire (TUF 4.2)',
    arrange: (sim) => {
      sim.targets.expires = 'when the cows come home';
    },
    ours: 'metadata_malformed',
  },
  {
    what: 'a version of zero',
    because: 'versions are whole and from 1 (TUF 4.3)',
    arrange: (sim) => {
      sim.timestamp.version = 0;
    },
    ours: 'metadata_malformed',
  },
  {
    what: 'a pattern in braces',
    because: 'TUF 4.5 knows * and ?; a wider pattern lets a role sign more than it was given',
    arrange: (sim) => {
      sim.targets.targets = {};
      sim.delegate('wide', ['{file,other}'], [testKey('wide')]);
      const wide = sim.delegated.get('wide');
      if (wide !== undefined) wide.targets = { file: good };
    },
    ours: 'nothing',
  },
  {
    what: 'a name twice in a file',
    because: 'one reader takes the first, another the last',
    arrange: (sim) => {
      rewrite(sim, '1.targets.json', /"signatures":/, '"signatures":[],"signatures":');
    },
    ours: 'metadata_malformed',
  },
];

test.each(DIFFERENCES)(
  '$what: tuf-js believes it, we do not: $because',
  async ({ arrange, ours }) => {
    const sim = await simulateRepository();
    sim.targets.targets = { file: good };
    await arrange(sim);
    const other = await tufJsClient(sim);

    expect(await other.find('file')).toBeDefined();
    await other.close();
    expect(await whatWeSay(sim)).toBe(ours);
  },
);

test('a version that was verified with other content: tuf-js takes it, we remember', async () => {
  const sim = await simulateRepository();
  const device = tufDevice(sim);
  const other = await tufJsClient(sim);
  await device.refresh();
  await other.find('file');

  device.store.files.delete('snapshot');
  await other.tear('snapshot');
  sim.timestamp.version += 1;
  sim.snapshot['x-note'] = 'signed again under the same number, by a stolen snapshot key';

  await expect(other.find('file')).resolves.toBeUndefined(); // accepted: no error
  await expect(device.refresh()).rejects.toMatchObject({ code: 'version_reused' });
  await other.close();
});

test('a torn timestamp: tuf-js accepts an older one, our floors stand apart from the file', async () => {
  const sim = await simulateRepository();
  sim.publish();
  const device = tufDevice(sim);
  const other = await tufJsClient(sim);
  await device.refresh();
  await other.find('file');

  device.store.files.set('timestamp', Buffer.from('{"signa'));
  await other.tear('timestamp');
  sim.timestamp.version = 1;

  await expect(other.find('file')).resolves.toBeUndefined(); // accepted: no error
  await expect(device.refresh()).rejects.toMatchObject({ code: 'version_rolled_back' });
  await other.close();
});

test('a target called constructor: tuf-js finds a function, we find nothing', async () => {
  const sim = await simulateRepository();
  const other = await tufJsClient(sim);

  expect(await other.find('constructor')).toBeTypeOf('function');
  expect(await tufDevice(sim).find('constructor')).toBeUndefined();
  await other.close();
});

async function whatWeSay(sim: Simulator): Promise<string> {
  try {
    return (await tufDevice(sim).find('file')) === undefined ? 'nothing' : 'found';
  } catch (refused) {
    return (refused as { readonly code: string }).code;
  }
}
