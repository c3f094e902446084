// Changes that no number of signatures could make good are refused before anybody signs.
import { expect, test } from 'vitest';
import type { PublicKey } from '../../../shared/crypto/public-key.ts';
import type { Signer } from '../../../shared/crypto/signer.ts';
import { AUTHOR } from '../../support/authority.ts';
import {
  nextRoot,
  nextTargets,
  openEvent,
  withRole,
  type Offered,
} from '../../support/ceremony.ts';
import { foundByHttp, onlineKeys, testApp, type TestApp } from '../../support/test-app.ts';
import { testKey } from '../../support/test-key.ts';

const [a, b] = AUTHOR.imageRoot as [Signer, Signer];
const SOON = () => ({ expires: '2027-01-01T00:00:00Z' });

async function founded(): Promise<TestApp> {
  const app = await testApp();
  await foundByHttp(app, ['gateway']);
  return app;
}

async function codeOf(answer: Response): Promise<string> {
  const { code, refusal } = (await answer.json()) as { code: string; refusal?: string };
  return refusal ?? code;
}

type Attack = (app: TestApp) => Promise<readonly Offered[]>;
const justRoot =
  (...change: Parameters<typeof withRole>): Attack =>
  async (app) => [await nextRoot(app, 'image', withRole(...change))];
const publicKeys = (signers: readonly Signer[]): readonly PublicKey[] =>
  signers.map(({ publicKey }) => publicKey);

const ATTACKS: readonly (readonly [string, string, Attack])[] = [
  ['the last holder is removed', 'role_unsafe', justRoot('root', [], 1)],
  ['more must sign than there are', 'role_unsafe', justRoot('root', publicKeys([a, b]), 3)],
  [
    'one key stands under two ids',
    'role_unsafe',
    justRoot('root', [a.publicKey, { ...a.publicKey, note: 'again' }, b.publicKey], 2),
  ],
  [
    'a key stands under an id that is not its own',
    'key_id_mismatch',
    async (app) => [
      await nextRoot(app, 'image', (root) => ({
        keys: { ...root.keys, [a.keyId]: testKey('another').publicKey },
      })),
    ],
  ],
  [
    'the server’s keys are dropped',
    'threshold_not_met',
    justRoot('timestamp', [testKey('not the server').publicKey], 1),
  ],
  [
    'the director’s keys are dropped',
    'threshold_not_met',
    async (app) => [
      await nextRoot(app, 'director', withRole('targets', [testKey('eve').publicKey], 1)),
    ],
  ],
  [
    'two online keys must sign',
    'threshold_not_met',
    async (app) => {
      const { image } = await onlineKeys(app);
      const keys = [image.timestamp, testKey('second').publicKey];
      return [await nextRoot(app, 'image', withRole('timestamp', keys, 2))];
    },
  ],
  [
    'the server may sign targets',
    'role_unsafe',
    async (app) => {
      const { image } = await onlineKeys(app);
      const keys = [...publicKeys(AUTHOR.imageTargets), image.snapshot];
      return [await nextRoot(app, 'image', withRole('targets', keys, 2))];
    },
  ],
  [
    'targets lose their signatures and are not signed again',
    'threshold_not_met',
    justRoot('targets', publicKeys([testKey('d'), testKey('e')]), 2),
  ],
  [
    'snapshots are no longer consistent',
    'role_unsafe',
    async (app) => [await nextRoot(app, 'image', () => ({ consistent_snapshot: false }))],
  ],
  [
    'it has expired already',
    'metadata_expired',
    async (app) => [await nextRoot(app, 'image', () => ({ expires: '2026-06-01T12:00:00Z' }))],
  ],
  [
    'a version is passed over',
    'version_conflict',
    async (app) => [await nextRoot(app, 'image', () => ({ version: 3 }))],
  ],
  [
    'a product is nobody’s',
    'unknown_product',
    async (app) => [{ ...(await nextTargets(app, 'gateway')), role: 'camera' }],
  ],
  [
    'a product is dropped from the delegations',
    'role_unsafe',
    async (app) => [
      await nextTargets(app, 'targets', () => ({ delegations: { keys: {}, roles: [] } })),
    ],
  ],
  [
    'it is longer than a device reads',
    'metadata_too_large',
    async (app) => [await nextRoot(app, 'image', () => ({ note: 'x'.repeat(512_000) }))],
  ],
  [
    'it is targets in the place of a root',
    'metadata_malformed',
    async (app) => [
      { ...(await nextTargets(app, 'targets', () => ({ version: 2 }))), role: 'root' },
    ],
  ],
];

test.each(ATTACKS)(
  'a change in which %s is refused as %s before anybody signs',
  async (_name, code, attack) => {
    const app = await founded();

    const answer = await openEvent(app, await attack(app));

    expect([422, 409, 404]).toContain(answer.status);
    expect(await codeOf(answer)).toBe(code);
    expect(await (await app.ask('/api/v1/signing-events')).json()).toEqual({ events: [] });
    expect((await openEvent(app, [await nextRoot(app, 'image', SOON)])).status).toBe(201);
  },
);
