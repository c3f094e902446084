import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keepTwice } from '../../../agent/install/kept-twice.ts';
import { firstState, type AgentState } from '../../../agent/state/agent-state.ts';
import { STATE_FORM } from '../../../agent/state/state-form.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { canonicalBytes } from '../../../shared/metadata/canonical-json.ts';

const release = { product: 'gateway', version: '1.1.0', manifestSha256: '1'.repeat(64) };
const digest = 'd'.repeat(64);

/** The state of an agent of 0.1.0 that was cut off in the midst of an update. */
const OLD = {
  schema: 'sealift.agent-state/1',
  stage: 'installing',
  update: {
    release,
    securityEpoch: 2,
    artifact: { sha256: 'a'.repeat(64), length: 4_096, installedSha256: digest },
    slots: { to: 'b', from: 'a' },
    wakeUps: { downloading: 1 },
    milliseconds: { verify: 1, download: 2, trial: 0 },
  },
  offer: 'f'.repeat(64),
  ending: null,
  slots: { a: { release, securityEpoch: 1, installedSha256: digest }, b: null },
  securityEpoch: 1,
  enrolment: 'accepted',
  failedReleases: [],
  failedOffer: null,
  lastRefusal: null,
  lastReport: 3,
  acknowledged: 3,
  unwritten: [],
};

async function loaded(value: unknown): Promise<AgentState | undefined> {
  const path = join(await mkdtemp(join(tmpdir(), 'sealift-state-')), 'state');
  const checksum = sha256Hex(canonicalBytes({ sequence: 7, value }));
  await writeFile(`${path}.json`, JSON.stringify({ sequence: 7, checksum, value }));
  return keepTwice(path, STATE_FORM).load();
}

test('a state of 0.1.0 is read: its one archive is the one artifact, its slot the one component', async () => {
  const state = await loaded(OLD);

  expect(state?.stage).toBe('installing');
  expect(state?.update).not.toHaveProperty('artifact');
  expect(state?.update?.artifacts).toEqual([
    {
      component: 'firmware',
      installer: 'archive',
      fileName: 'artifact.tar',
      mediaType: 'application/x-tar',
      sha256: 'a'.repeat(64),
      length: 4_096,
      installed: { sha256: digest, length: null },
    },
  ]);
  expect(state?.slots.a?.components).toEqual([
    { component: 'firmware', installer: 'archive', installedSha256: digest, length: null },
  ]);
  expect(state?.slots.b).toBeNull();
});

test('a state of 0.1.0 between updates, and one that signed no digest, are read as well', async () => {
  expect((await loaded({ ...OLD, stage: 'idle', update: null }))?.update).toBeNull();
  const artifact = { ...OLD.update.artifact, installedSha256: null };
  const unsigned = await loaded({ ...OLD, update: { ...OLD.update, artifact } });
  expect(unsigned?.update?.artifacts[0]?.installed).toBeNull();
});

test('what this agent wrote is read as it was written', async () => {
  const state = await loaded(OLD);
  const path = join(await mkdtemp(join(tmpdir(), 'sealift-state-')), 'state');
  await keepTwice(path, STATE_FORM).save(state ?? firstState());

  expect(await keepTwice(path, STATE_FORM).load()).toEqual(state);
  expect(await readFile(`${path}.json`, 'utf8')).toContain('"artifacts"');
});

test.each([
  ['is nothing', null],
  ['has an update of another shape', { ...OLD, update: { ...OLD.update, artifact: 7 } }],
  ['has slots of another shape', { ...OLD, slots: { a: 7, b: null } }],
  ['has a key that nobody knows', { ...OLD, surprise: true }],
])('a state that %s is no state', async (_, value) => {
  expect(await loaded(value)).toBeUndefined();
});
