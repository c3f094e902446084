import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import type { TargetsFile } from '../../../shared/metadata/targets.ts';
import { manifestPath } from '../../../shared/release/names.ts';
import { AUTHOR } from '../../support/authority.ts';
import { eventOf, nextTargets, openEvent } from '../../support/ceremony.ts';
import { publishByHttp } from '../../support/publish-by-http.ts';
import { foundByHttp, testApp, type TestApp } from '../../support/test-app.ts';
import { addDevices, deviceOf } from '../../support/fleet.ts';
import { testRelease, type TestRelease } from '../../support/test-release.ts';

const signers = AUTHOR.product('gateway').slice(0, 2);
type Targets = TargetsFile['targets'];

interface Scene {
  readonly app: TestApp;
  readonly good: TestRelease;
  readonly bad: TestRelease;
}

/** 1.0.0 and 1.1.0 are published; three devices have proven 1.0.0. */
async function scene(change: Parameters<typeof testApp>[0] = {}): Promise<Scene> {
  const app = await testApp(change);
  await foundByHttp(app, ['gateway']);
  const good = await testRelease('1.0.0');
  const bad = await testRelease('1.1.0');
  for (const [index, release] of [good, bad].entries()) {
    const earlier = [good, bad].slice(0, index).map(({ manifest }) => manifest);
    const answer = await publishByHttp(app, release, earlier);
    expect(answer.status).toBe(201);
  }
  await addDevices({ db: app.ground.db }, ['d0', 'd1', 'd2'], runs(await shaOf(app, '1.0.0')));
  app.told.length = 0;
  return { app, good, bad };
}

const runs = (manifest: string): object => ({
  running_manifest_sha256: manifest,
  proven_manifest_sha256: manifest,
  desired_manifest_sha256: manifest,
});

async function shaOf(app: TestApp, version: string): Promise<string> {
  const answer = await app.ask(`/api/v1/releases/gateway/${version}`);
  return ((await answer.json()) as { manifestSha256: string }).manifestSha256;
}

async function shown(app: TestApp, version: string): Promise<Record<string, unknown>> {
  const answer = await app.ask(`/api/v1/releases/gateway/${version}`);
  return (await answer.json()) as Record<string, unknown>;
}

/** The author signs a next version of the role in which this release says something more. */
async function say(
  app: TestApp,
  words: Readonly<Record<string, { readonly counter?: number; readonly recall?: object }>>,
): Promise<Response> {
  const change = ({ targets }: TargetsFile): { targets: Targets } => {
    const changed = Object.entries(words).map(([version, { counter, recall }]) => {
      const path = manifestPath('gateway', version);
      const target = targets[path];
      const mustMatch = {
        ...(target?.custom?.['mustMatch'] as object),
        ...(counter === undefined ? {} : { releaseCounter: counter }),
      };
      const custom = { mustMatch, ...(recall === undefined ? {} : { recall }) };
      return [path, { ...target, custom }] as const;
    });
    return { targets: { ...targets, ...(Object.fromEntries(changed) as Targets) } };
  };
  return openEvent(app, [await nextTargets(app, 'gateway', change, signers)]);
}

const RECALL = { at: '2026-06-01T12:00:00Z', reason: 'eats the flash' };

async function rollOut(app: TestApp, version: string): Promise<Response> {
  const phases = [{ percent: 100, successPercent: 90, failurePercent: 50 }];
  const json = { product: 'gateway', version, phases };
  return app.ask('/api/v1/rollouts', { method: 'POST', json });
}

describe('a recall', () => {
  test('ends its rollout, withdraws what it offered, and tells the devices at once', async () => {
    const { app } = await scene();
    await rollOut(app, '1.1.0');
    app.told.length = 0;

    expect(await eventOf(await say(app, { '1.1.0': { recall: RECALL } }))).toMatchObject({
      state: 'published',
    });

    const [rollout] = await app.ground.db.selectFrom('rollouts').selectAll().execute();
    expect(rollout).toMatchObject({
      state: 'aborted',
      reason: '1.1.0 was recalled: eats the flash',
    });
    const assignments = await app.ground.db.selectFrom('assignments').selectAll().execute();
    expect(assignments).toHaveLength(3);
    for (const { state, code } of assignments) {
      expect({ state, code }).toEqual({ state: 'withdrawn', code: 'release_recalled' });
    }
    const good = await shaOf(app, '1.0.0');
    expect(await deviceOf(app.ground, 'd0')).toMatchObject({
      desired_manifest_sha256: good,
      rollout: null,
    });
    await expect.poll(() => app.told).toEqual(expect.arrayContaining(['d0', 'd1', 'd2']));
  });

  test('is in the release, with who runs it, and in the audit trail', async () => {
    const { app } = await scene();

    await say(app, { '1.0.0': { recall: RECALL } });

    expect(await shown(app, '1.0.0')).toMatchObject({
      state: 'recalled',
      recall: { ...RECALL, moveTo: null },
      runningOn: { count: 3, devices: ['d0', 'd1', 'd2'] },
    });
    const { entries } = (await (await app.ask('/api/v1/audit')).json()) as {
      entries: { action: string; subject: string }[];
    };
    expect(entries).toContainEqual(
      expect.objectContaining({ action: 'release_recalled', subject: 'release:gateway/1.0.0' }),
    );
  });

  test('without a place to go leaves devices where they are, assigned to nothing', async () => {
    const { app } = await scene();

    await say(app, { '1.0.0': { recall: RECALL } });

    expect(await deviceOf(app.ground, 'd0')).toMatchObject({
      desired_manifest_sha256: null,
      proven_manifest_sha256: null,
      running_manifest_sha256: await shaOf(app, '1.0.0'),
    });
    expect(await app.ground.db.selectFrom('rollouts').selectAll().execute()).toEqual([]);
  });

  test('with a place to go moves those that run it, and nobody else', async () => {
    const { app } = await scene();
    const { db } = app.ground;
    await db
      .updateTable('devices')
      .set(runs(await shaOf(app, '1.1.0')))
      .where('id', '!=', 'd2')
      .execute();

    await say(app, {
      '1.1.0': { recall: { ...RECALL, moveTo: '1.0.0' } },
      '1.0.0': { counter: 3 },
    });

    const [rollout, ...others] = await db.selectFrom('rollouts').selectAll().execute();
    expect(others).toEqual([]);
    expect(rollout).toMatchObject({
      version: '1.0.0',
      state: 'running',
      only_running: await shaOf(app, '1.1.0'),
    });
    const members = await db.selectFrom('assignments').select('device').execute();
    expect(members.map(({ device }) => device).sort()).toEqual(['d0', 'd1']);
    expect(await shown(app, '1.0.0')).toMatchObject({ releaseCounter: 3 });
  });

  test('does not start a move while another rollout of the product is live', async () => {
    const { app } = await scene();
    await rollOut(app, '1.1.0');

    await say(app, { '1.0.0': { recall: { ...RECALL, moveTo: '1.1.0' } } });

    const rollouts = await app.ground.db.selectFrom('rollouts').selectAll().execute();
    expect(rollouts).toMatchObject([{ version: '1.1.0', state: 'running', only_running: null }]);
  });

  test('takes the files that only it names from devices, and leaves those that others name', async () => {
    const { app, bad, good } = await scene({ publicBlobs: true });
    await say(app, { '1.1.0': { recall: RECALL } });
    const ask = (release: TestRelease, who: { token?: null }): Promise<Response> => {
      const sha256 = sha256Hex(release.blobs[0]?.bytes ?? Buffer.alloc(0));
      return app.ask(`/blobs/sha256/${sha256}`, who);
    };
    const asDevice = (release: TestRelease): Promise<Response> => ask(release, { token: null });

    const gone = await asDevice(bad);
    expect(gone.status).toBe(410);
    expect(await gone.json()).toMatchObject({ code: 'release_recalled' });
    expect((await asDevice(good)).status).toBe(200);
    expect((await ask(bad, {})).status).toBe(200); // an operator may look into it
  });

  test('is final: the release cannot be rolled out, and the role cannot take it back', async () => {
    const { app } = await scene();
    await say(app, { '1.1.0': { recall: RECALL } });

    const refused = await rollOut(app, '1.1.0');
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ code: 'release_recalled' });
    const again = await say(app, { '1.1.0': { counter: 3 } });
    expect(again.status).toBe(422);
    expect(await again.json()).toMatchObject({ code: 'role_unsafe' });
  });

  test('takes the signatures of the product: others publish nothing', async () => {
    const { app } = await scene();
    const change = ({ targets }: TargetsFile): { targets: Targets } => {
      const path = manifestPath('gateway', '1.1.0');
      const target = targets[path];
      if (target === undefined) throw new Error('bug: no release');
      return {
        targets: {
          ...targets,
          [path]: { ...target, custom: { ...target.custom, recall: RECALL } },
        },
      };
    };

    const answer = await openEvent(app, [
      await nextTargets(app, 'gateway', change, AUTHOR.imageRoot.slice(0, 2)),
    ]);

    expect(answer.status).toBe(422);
    expect(await shown(app, '1.1.0')).toMatchObject({ state: 'published', recall: null });
  });
});

describe('a release that is older than what devices have proven', () => {
  test('is not rolled out, with the sentence that says what to do', async () => {
    const { app } = await scene();
    await app.ground.db
      .updateTable('devices')
      .set(runs(await shaOf(app, '1.1.0')))
      .where('id', '=', 'd1')
      .execute();

    const refused = await rollOut(app, '1.0.0');

    expect(refused.status).toBe(409);
    const body = (await refused.json()) as { code: string; message: string };
    expect(body.code).toBe('release_counter_lower');
    expect(body.message).toContain('1 of the devices');
    expect(body.message).toContain('reissue');
  });

  test('is rolled out once its author has counted it up, and the director says so', async () => {
    const { app } = await scene();
    await app.ground.db
      .updateTable('devices')
      .set(runs(await shaOf(app, '1.1.0')))
      .execute();
    await say(app, { '1.0.0': { counter: 3 } });

    expect((await rollOut(app, '1.0.0')).status).toBe(201);

    const bundle = await app.ground.director.current('d0');
    expect(Buffer.from(bundle?.bytes ?? []).toString()).toContain('releaseCounter\\":3');
  });

  test('is signed anew for devices that are told it already, once it is counted up', async () => {
    const { app } = await scene();
    const before = await app.ground.director.current('d0');
    expect(Buffer.from(before?.bytes ?? []).toString()).toContain('releaseCounter\\":1');

    await say(app, { '1.0.0': { counter: 3 } });

    expect(app.ground.director.ready('d0')).toBeUndefined();
    const after = await app.ground.director.current('d0');
    expect(Buffer.from(after?.bytes ?? []).toString()).toContain('releaseCounter\\":3');
  });
});
