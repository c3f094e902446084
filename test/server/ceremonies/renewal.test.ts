// What only people can sign is seen to expire in time, and can be renewed when it already has.
import { expect, test } from 'vitest';
import { noteExpiry } from '../../../server/repository/expiry-store.ts';
import { renewImageNow } from '../../../server/run/tasks.ts';
import {
  AUTHOR,
  directorRootText,
  imageRootText,
  imageTargetsText,
  productTargetsText,
} from '../../support/authority.ts';
import { nextRoot, nextTargets, opened, signInTurn } from '../../support/ceremony.ts';
import { fieldDevice } from '../../support/field-device.ts';
import { onlineKeys, testApp, type TestApp } from '../../support/test-app.ts';
import { refusal } from '../../support/tuf-device.ts';

const PATH = 'gateway/any/manifest.json';
const TELL_NOBODY = {
  devices: () => Promise.resolve(),
  timestamp: () => Promise.resolve(),
  release: () => Promise.resolve(),
};

/** A fleet whose roots hold until the end of 2026, targets until September, the role until August. */
async function founded(): Promise<TestApp> {
  const app = await testApp();
  const online = await onlineKeys(app);
  const roots = { change: { expires: '2026-12-31T00:00:00Z' } };
  const targets = { change: { expires: '2026-09-01T00:00:00Z' } };
  const role = { change: { expires: '2026-08-01T00:00:00Z' } };
  const trust = {
    imageRoot: await imageRootText(online, roots),
    imageTargets: await imageTargetsText(1, [], targets),
    directorRoot: await directorRootText(online, roots),
  };
  expect((await app.ask('/api/v1/trust', { method: 'POST', json: trust })).status).toBe(201);
  const product = {
    product: 'gateway',
    hardwareIds: ['rpi4'],
    imageTargets: await imageTargetsText(2, ['gateway'], targets),
    role: await productTargetsText('gateway', 1, [], role),
  };
  expect((await app.ask('/api/v1/products', { method: 'POST', json: product })).status).toBe(201);
  return app;
}

async function moveTo(app: TestApp, date: string): Promise<void> {
  app.clock.now = new Date(`${date}T00:00:00Z`);
  await renewImageNow(app.ground, TELL_NOBODY);
}

const LATER = () => ({ expires: '2028-01-01T00:00:00Z' });

test('image targets and roles that have expired already are renewed, and devices go on', async () => {
  const app = await founded();
  const seen = await fieldDevice(app, 'd1');
  await seen.image(PATH);
  await moveTo(app, '2026-10-01');
  await expect(seen.image(PATH)).rejects.toEqual(refusal('metadata_expired'));
  const files = [
    await nextTargets(app, 'targets', LATER),
    await nextTargets(app, 'gateway', LATER),
  ];

  const event = await opened(app, files);
  const signers = [...AUTHOR.imageTargets, ...AUTHOR.product('gateway').slice(0, 2)];
  expect((await signInTurn(app, event, signers)).state).toBe('published');

  expect((await seen.image(PATH)).targets.version).toBe(3);
  expect((await (await fieldDevice(app, 'd2')).image(PATH)).targets.version).toBe(3);
});

test('roots that expired long ago are renewed together with all that hung on them', async () => {
  const app = await founded();
  const seen = await fieldDevice(app, 'd1');
  await seen.image(PATH);
  await seen.director();
  await moveTo(app, '2027-06-01');
  await expect(seen.director()).rejects.toEqual(refusal('metadata_expired'));

  const event = await opened(app, [
    await nextRoot(app, 'image', LATER),
    await nextRoot(app, 'director', LATER),
    await nextTargets(app, 'targets', LATER),
    await nextTargets(app, 'gateway', LATER),
  ]);
  const done = await signInTurn(app, event, [
    ...AUTHOR.imageRoot.slice(0, 2),
    ...AUTHOR.directorRoot.slice(0, 2),
    ...AUTHOR.imageTargets,
    ...AUTHOR.product('gateway').slice(0, 2),
  ]);

  expect(done.state).toBe('published');
  for (const device of [seen, await fieldDevice(app, 'd2')]) {
    expect((await device.image(PATH)).root.version).toBe(2);
    await device.director();
  }
});

interface Expiry {
  readonly expiry: readonly {
    readonly role: string;
    readonly level: string;
    readonly daysLeft: number;
  }[];
}

test('trust says what expires when, the most urgent first', async () => {
  const app = await founded();
  const levels = async (date: string): Promise<readonly string[]> => {
    await moveTo(app, date);
    const { expiry } = (await (await app.ask('/api/v1/trust')).json()) as Expiry;
    return expiry.map(({ role, level, daysLeft }) => `${role} ${level} ${daysLeft}`);
  };

  expect(await levels('2026-06-01')).toEqual([
    'gateway ok 61',
    'targets ok 92',
    'root ok 213',
    'root ok 213',
  ]);
  expect((await levels('2026-06-02'))[0]).toBe('gateway notice 60');
  expect((await levels('2026-07-02'))[0]).toBe('gateway warning 30');
  expect((await levels('2026-07-25'))[0]).toBe('gateway critical 7');
  expect((await levels('2026-08-01'))[0]).toBe('gateway expired 0');
  const page = await (await app.ask('/', { headers: { Host: 'localhost' } })).text();
  expect(page).toContain('To be signed again');
  expect(page).toContain('gateway v1');
});

test('each file that becomes more urgent is noted once a level, and anew after its renewal', async () => {
  const app = await founded();
  const noted = async (date: string): Promise<readonly string[]> => {
    const files = await noteExpiry(app.ground.db, new Date(`${date}T00:00:00Z`));
    return files.map(({ role, version, level }) => `${role} v${version} ${level}`);
  };

  expect(await noted('2026-06-01')).toEqual([]);
  expect(await noted('2026-06-02')).toEqual(['gateway v1 notice']);
  expect(await noted('2026-06-03')).toEqual([]);
  expect(await noted('2026-07-03')).toEqual(['gateway v1 warning', 'targets v2 notice']);
  expect(await noted('2026-06-03')).toEqual([]);
  const entries = await app.ground.db
    .selectFrom('audit')
    .select('subject')
    .where('action', '=', 'metadata_expires_soon')
    .execute();
  expect(entries.map(({ subject }) => subject)).toEqual([
    'image:gateway v1',
    'image:gateway v1',
    'image:targets v2',
  ]);
  await moveTo(app, '2026-07-04');
  const change = () => ({ expires: '2026-08-20T00:00:00Z' });
  const event = await opened(app, [await nextTargets(app, 'gateway', change)]);
  await signInTurn(app, event, AUTHOR.product('gateway').slice(0, 2));
  expect(await noted('2026-07-04')).toEqual(['gateway v2 notice']);
});
