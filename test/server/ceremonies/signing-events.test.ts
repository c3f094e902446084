import { expect, test } from 'vitest';
import { keyIdOf } from '../../../shared/crypto/public-key.ts';
import type { Signer } from '../../../shared/crypto/signer.ts';
import { AUTHOR, productTargetsText } from '../../support/authority.ts';
import {
  eventOf,
  nextRoot,
  nextTargets,
  newest,
  opened,
  openEvent,
  signaturesBy,
  signInTurn,
  submit,
  withRole,
} from '../../support/ceremony.ts';
import { publishByHttp, uploadByHttp } from '../../support/publish-by-http.ts';
import { manifestText } from '../../support/publishing.ts';
import { foundByHttp, testApp, type TestApp } from '../../support/test-app.ts';
import { testKey } from '../../support/test-key.ts';
import { testRelease } from '../../support/test-release.ts';

const [a, b, c] = AUTHOR.imageRoot as [Signer, Signer, Signer];
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

async function actions(app: TestApp): Promise<readonly string[]> {
  const rows = await app.ground.db
    .selectFrom('audit')
    .select('action')
    .orderBy('sequence')
    .execute();
  return rows.map(({ action }) => action).filter((action) => action.startsWith('signing_event'));
}

const rootVersion = async (app: TestApp): Promise<number> =>
  (await newest<{ version: number }>(app, 'image', 'root')).version;

test('an event shows who has signed and who is missing, until the last one publishes it', async () => {
  const app = await founded();
  const event = await opened(app, [await nextRoot(app, 'image', SOON)]);
  expect(event).toMatchObject({ state: 'open', openedBy: 'operator:first', closedAt: null });

  const once = await eventOf(await submit(app, event.id, await signaturesBy(a, event)));
  expect(once.state).toBe('open');
  const signed = once.files[0]?.requirements[0]?.keys.filter(({ signedBy }) => signedBy !== null);
  expect(signed).toEqual([
    { keyid: a.keyId, signedBy: 'operator:first', signedAt: '2026-06-01T12:00:00.000Z' },
  ]);
  expect(await rootVersion(app)).toBe(1);
  const done = await eventOf(await submit(app, event.id, await signaturesBy(b, event)));

  expect(done).toMatchObject({ state: 'published', closedAt: '2026-06-01T12:00:00.000Z' });
  expect(done.files[0]?.requirements[0]).toMatchObject({ by: 'image root v1', threshold: 2 });
  expect(await rootVersion(app)).toBe(2);
  expect(app.told.at(-1)).toBe('timestamp');
  expect(await actions(app)).toEqual([
    'signing_event_opened',
    'signing_event_signed',
    'signing_event_signed',
    'signing_event_published',
  ]);
  const listed = await (await app.ask('/api/v1/signing-events?state=published')).json();
  expect(listed).toMatchObject({ events: [{ id: event.id, files: [{ role: 'root' }] }] });
  expect(JSON.stringify(listed)).not.toContain('"signed":');
});

test('an event that comes with all its signatures is published at once', async () => {
  const app = await founded();

  const event = await opened(app, [await nextRoot(app, 'image', SOON, [a, c])]);

  expect(event.state).toBe('published');
  expect(await rootVersion(app)).toBe(2);
});

test('a release is published by the event that carries its role and manifest', async () => {
  const app = await founded();
  const release = await testRelease('1.0.0');
  const text = await productTargetsText('gateway', 2, [release.manifest], { signers: [] });
  const files = [{ repository: 'image', role: 'gateway', file: text }] as const;
  const manifests = [manifestText(release.manifest)];
  expect(await codeOf(await openEvent(app, files, { manifests }))).toBe('blob_missing');
  await uploadByHttp(app, release);
  expect(await codeOf(await openEvent(app, files))).toBe('role_unsafe');
  const event = await opened(app, files, { manifests });

  const done = await signInTurn(app, event, AUTHOR.product('gateway').slice(1));

  expect(done.state).toBe('published');
  expect((await app.ask('/api/v1/releases/gateway/1.0.0')).status).toBe(200);
  expect(app.told.at(-1)).toBe('release');
});

test('what a holder says twice counts once, also after the end', async () => {
  const app = await founded();
  const event = await opened(app, [await nextRoot(app, 'image', SOON)]);
  const byA = await signaturesBy(a, event);
  await submit(app, event.id, byA);

  expect((await eventOf(await submit(app, event.id, byA))).state).toBe('open');
  await submit(app, event.id, await signaturesBy(b, event));
  expect((await eventOf(await submit(app, event.id, byA))).state).toBe('published');
  expect(await codeOf(await submit(app, event.id, await signaturesBy(c, event)))).toBe(
    'event_closed',
  );
});

test('only keys that count are taken, and only for the very file that they signed', async () => {
  const app = await founded();
  const event = await opened(app, [await nextRoot(app, 'image', SOON)]);
  const [byA] = await signaturesBy(a, event);
  const [byStranger] = await signaturesBy(testKey('eve'), event);
  const [byTargets] = await signaturesBy(AUTHOR.imageTargets[0] as Signer, event);
  if (byA === undefined || byStranger === undefined || byTargets === undefined) throw new Error();
  const forged = { ...byA, keyid: b.keyId };
  const elsewhere = { ...byA, repository: 'director' as const };

  expect(await codeOf(await submit(app, event.id, [byA, byStranger]))).toBe('signature_unknown');
  expect(await codeOf(await submit(app, event.id, [byTargets]))).toBe('signature_unknown');
  expect(await codeOf(await submit(app, event.id, [elsewhere]))).toBe('signature_unknown');
  expect(await codeOf(await submit(app, event.id, [forged]))).toBe('signature_invalid');

  // Nothing of a refused submission stays: without A's, B's signature completes nothing.
  const byB = await submit(app, event.id, await signaturesBy(b, event));
  expect((await eventOf(byB)).state).toBe('open');
  expect((await eventOf(await submit(app, event.id, [byA]))).state).toBe('published');
});

test('a signature for the file of another event is worth nothing here', async () => {
  const app = await founded();
  const first = await opened(app, [await nextRoot(app, 'image', SOON)]);
  await app.ask(`/api/v1/signing-events/${first.id}/withdraw`, { method: 'POST' });
  const change = () => ({ expires: '2027-02-02T00:00:00Z' });
  const second = await opened(app, [await nextRoot(app, 'image', change)]);

  const answer = await submit(app, second.id, await signaturesBy(a, first));

  expect(await codeOf(answer)).toBe('signature_invalid');
  expect((await submit(app, second.id, await signaturesBy(a, second))).status).toBe(200);
});

test.each([
  ['only the old', AUTHOR.imageRoot, ['d', 'e'].map(testKey)],
  ['only the new', ['d', 'e'].map(testKey), AUTHOR.imageRoot.slice(0, 2)],
] as const)('a root signed by %s keys waits for the others', async (_name, some, others) => {
  const app = await founded();
  const holders = ['d', 'e', 'f'].map((name) => testKey(name).publicKey);
  const event = await opened(app, [await nextRoot(app, 'image', withRole('root', holders, 2))]);

  expect((await signInTurn(app, event, some)).state).toBe('open');
  expect(await rootVersion(app)).toBe(1);
  expect((await signInTurn(app, event, others)).state).toBe('published');
});

test('two events cannot change the same file; the one in the way is named', async () => {
  const app = await founded();
  const files = [await nextRoot(app, 'image', SOON)];
  const first = await opened(app, files);

  const answer = await openEvent(app, files);
  expect(answer.status).toBe(409);
  const { code, message } = (await answer.json()) as { code: string; message: string };
  expect([code, message]).toEqual(['event_overlaps', expect.stringContaining(first.id)]);

  expect((await openEvent(app, [await nextRoot(app, 'director', SOON)])).status).toBe(201);
  await app.ask(`/api/v1/signing-events/${first.id}/withdraw`, { method: 'POST' });
  expect((await openEvent(app, files)).status).toBe(201);
});

test('an event is stale once its base has moved on, and is in nobody’s way then', async () => {
  const app = await founded();
  const event = await opened(app, [await nextTargets(app, 'gateway', SOON)]);
  expect((await publishByHttp(app, await testRelease('1.0.0'))).status).toBe(201);

  const [signer] = AUTHOR.product('gateway') as [Signer];
  const answer = await submit(app, event.id, await signaturesBy(signer, event));

  expect(answer.status).toBe(409);
  expect(await codeOf(answer)).toBe('event_stale');
  expect(await (await app.ask(`/api/v1/signing-events/${event.id}`)).json()).toMatchObject({
    state: 'open',
    stale: true,
  });
  expect(await (await app.ask('/api/v1/signing-events?state=open')).json()).toMatchObject({
    events: [{ id: event.id, stale: true, files: [{ role: 'gateway' }] }],
  });
  const again = await opened(app, [await nextTargets(app, 'gateway', SOON)]);
  expect((await signInTurn(app, again, AUTHOR.product('gateway').slice(0, 2))).state).toBe(
    'published',
  );
});

test('who opened an event, or an admin, may withdraw it while it is open', async () => {
  const app = await founded();
  const author = await app.tokenFor('author');
  const event = await opened(app, [await nextRoot(app, 'image', SOON)]);
  const path = `/api/v1/signing-events/${event.id}/withdraw`;

  expect(await codeOf(await app.ask(path, { method: 'POST', token: author }))).toBe('forbidden');
  expect(await eventOf(await app.ask(path, { method: 'POST' }))).toMatchObject({
    state: 'withdrawn',
  });
  expect(await codeOf(await app.ask(path, { method: 'POST' }))).toBe('event_closed');
  expect(await codeOf(await submit(app, event.id, await signaturesBy(a, event)))).toBe(
    'event_closed',
  );
  const own = await eventOf(await openEvent(app, [await nextRoot(app, 'image', SOON)], {}, author));
  const withdraw = `/api/v1/signing-events/${own.id}/withdraw`;
  expect((await app.ask(withdraw, { method: 'POST', token: author })).status).toBe(200);
});

test('authors open and sign; operators and viewers only look', async () => {
  const app = await founded();
  const files = [await nextRoot(app, 'image', SOON)];
  const [author, operator, viewer] = [
    await app.tokenFor('author'),
    await app.tokenFor('operator'),
    await app.tokenFor('viewer'),
  ];
  expect((await openEvent(app, files, {}, operator)).status).toBe(403);
  expect((await openEvent(app, files, {}, viewer)).status).toBe(403);
  const event = await eventOf(await openEvent(app, files, {}, author));

  const byA = await signaturesBy(a, event);
  expect((await submit(app, event.id, byA, operator)).status).toBe(403);
  expect((await submit(app, event.id, byA, author)).status).toBe(200);
  const path = `/api/v1/signing-events/${event.id}`;
  expect((await app.ask(path, { token: viewer })).status).toBe(200);
  expect((await app.ask('/api/v1/signing-events', { token: viewer })).status).toBe(200);
  expect((await app.ask(path, { token: null })).status).toBe(401);
});

test.each(['nothing', "x' or 1=1", '../../etc/passwd', 'x'.repeat(64)])(
  'there is no event %j',
  async (id) => {
    const app = await founded();
    const path = `/api/v1/signing-events/${encodeURIComponent(id)}`;

    expect((await app.ask(path)).status).toBe(404);
    const signatures = [{ repository: 'image', role: 'root', keyid: a.keyId, sig: '00' }];
    const answer = await app.ask(`${path}/signatures`, { method: 'POST', json: { signatures } });
    expect(await codeOf(answer)).toBe('unknown_event');
  },
);

test.each([
  ['no files', { title: 'x', files: [] }],
  ['no title', { files: [{ repository: 'image', role: 'root', file: '{}' }] }],
  ['the snapshot', { title: 'x', files: [{ repository: 'image', role: 'snapshot', file: '{}' }] }],
  [
    'director targets',
    { title: 'x', files: [{ repository: 'director', role: 'targets', file: '{}' }] },
  ],
  [
    'one file twice',
    {
      title: 'x',
      files: [
        { repository: 'image', role: 'root', file: '{}' },
        { repository: 'image', role: 'root', file: '{}' },
      ],
    },
  ],
  ['a path', { title: 'x', files: [{ repository: 'image', role: '../root', file: '{}' }] }],
])('a request with %s is not understood', async (_name, json) => {
  const app = await founded();

  const answer = await app.ask('/api/v1/signing-events', { method: 'POST', json });

  expect(answer.status).toBe(400);
  expect(await codeOf(answer)).toBe('malformed_request');
});

test('a signature that the envelope brought is checked like any other', async () => {
  const app = await founded();
  const byEve = [await nextRoot(app, 'image', SOON, [testKey('eve')])];
  expect(await codeOf(await openEvent(app, byEve))).toBe('signature_unknown');

  const event = await opened(app, [await nextRoot(app, 'image', SOON, [a])]);

  expect(
    event.files[0]?.requirements[0]?.keys.find(({ keyid }) => keyid === a.keyId),
  ).toMatchObject({ signedBy: 'operator:first' });
  expect(keyIdOf(a.publicKey)).toBe(a.keyId);
});

test('a change that the gate refuses at the last signature leaves the event as it was', async () => {
  const app = await founded();
  const event = await opened(app, [await nextRoot(app, 'image', SOON, [a])]);
  app.clock.now = new Date('2027-01-01T00:00:00Z');

  const late = await submit(app, event.id, await signaturesBy(b, event));

  expect(await codeOf(late)).toBe('metadata_expired');
  expect(await rootVersion(app)).toBe(1);
  app.clock.now = new Date('2026-12-31T00:00:00Z');
  expect((await eventOf(await submit(app, event.id, await signaturesBy(b, event)))).state).toBe(
    'published',
  );
});
