import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MqttClient } from 'mqtt';
import { deviceTopics } from '../../../shared/protocol/topics.ts';
import { nativePublicKey } from '../../../shared/crypto/native-ed25519.ts';
import { appendAudit } from '../../../server/audit/audit-store.ts';
import { openDirector } from '../../../server/director/director-store.ts';
import { startBroker } from '../../../server/mqtt/broker.ts';
import { findFile } from '../../../server/repository/metadata-store.ts';
import { findManifest } from '../../../server/releases/release-store.ts';
import { rememberReleases } from '../../../server/reports/assigned-release.ts';
import { reportIngest } from '../../../server/reports/ingest.ts';
import { receiveReports } from '../../../server/reports/receive-reports.ts';
import { rolloutDesk } from '../../../server/rollouts/rollout-desk.ts';
import { productTargetsText } from '../../support/authority.ts';
import { addDevices, keyOf, report, signReport } from '../../support/fleet.ts';
import { connectMqtt, nextMessage } from '../../support/mqtt-device.ts';
import {
  manifestText,
  PUBLISHED_AT,
  publishingServer,
  FIND_SIGNER,
} from '../../support/publishing.ts';
import { testRelease } from '../../support/test-release.ts';
import { toldDevice } from '../../support/told-device.ts';

const now = (): Date => PUBLISHED_AT;
const ID = 'gw-1';

/** The real director, the real broker and a real MQTT client around one database. */
async function begin() {
  const server = await publishingServer();
  const { db } = server;
  const release = await testRelease('2.0.0');
  await server.upload(release);
  const role = await productTargetsText('gateway', 2, [release.manifest]);
  const outcome = await server.publish({ manifest: manifestText(release.manifest), role });
  if (outcome.kind !== 'published') throw new Error(`setup: ${outcome.kind}`);
  const director = openDirector({ db, now, findSigner: FIND_SIGNER, cacheBytes: 1e6 });
  const loadAssignment = async (id: string) => (await director.current(id))?.bytes;
  const announce = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) {
      const bytes = await loadAssignment(id);
      if (bytes) await broker.publishRetained(deviceTopics(id).assignment, bytes);
    }
  };
  const { signAssignments } = director;
  const step = { db, now, appendAudit, announce, signAssignments, newId: () => 'r1' };
  const receive = receiveReports({
    findDeviceKey: (id) => Promise.resolve(nativePublicKey(keyOf(id).publicKey.keyval.public)),
    ingest: reportIngest({
      ...step,
      announce: (ids) => void announce(ids),
      carryOut: () => undefined,
      noticed: () => undefined,
      findAssignedRelease: rememberReleases(findManifest),
      moveOff: () => Promise.resolve(undefined),
    }),
  });
  const broker = await startBroker({
    host: '127.0.0.1',
    port: 0,
    maxConnections: 10,
    verifyDeviceToken: (id) => Promise.resolve({ kind: 'device', id }),
    receiveReports: receive,
    loadAssignment,
    sighted: () => undefined,
    log: () => undefined,
  });
  const { manifestSha256 } = outcome.release;
  return { server, broker, desk: rolloutDesk(step), manifestSha256 };
}

let world: Awaited<ReturnType<typeof begin>>;
let client: MqttClient;
beforeEach(async () => {
  world = await begin();
  await addDevices({ db: world.server.db }, [ID]);
  client = await connectMqtt({ port: world.broker.port, username: ID, password: ID });
});
afterEach(async () => {
  await client.endAsync(true);
  await world.broker.close();
});

test('a device hears over MQTT what it should run, verifies it, proves it, and the rollout is done', async () => {
  const { db } = world.server;
  const topics = deviceTopics(ID);
  const root = (await findFile(db, 'director', 'root', 1))?.bytes ?? Buffer.alloc(0);
  const device = toldDevice(ID, root);
  const first = nextMessage(client, topics.assignment);
  await client.subscribeAsync([topics.assignment, topics.acknowledgement], { qos: 1 });
  expect((await device.hear(Buffer.from(await first), PUBLISHED_AT)).target).toBeUndefined();

  const second = nextMessage(client, topics.assignment);
  const phases = [{ percent: 100, successPercent: 100, failurePercent: 1 }];
  const wish = { product: 'gateway', version: '2.0.0', phases, actor: 'operator:kim' };
  const created = await world.desk.createRollout(wish);
  const word = await device.hear(Buffer.from(await second), PUBLISHED_AT);
  expect(created).toMatchObject({ kind: 'created', rollout: { state: 'running' } });
  expect(word.target?.path).toBe('gateway/2.0.0/manifest.json');

  const { manifestSha256 } = world;
  const release = { product: 'gateway', version: '2.0.0', manifestSha256 };
  const times = { verifyMilliseconds: 1, downloadMilliseconds: 1, trialMilliseconds: 1 };
  const runs = { release, installedSha256: null, slot: 'b', securityEpoch: 1 };
  const receipt = await signReport(report(ID, 1, { kind: 'receipt', release, ...times }, runs));
  const stored = nextMessage(client, topics.acknowledgement);
  await client.publishAsync(topics.reports, JSON.stringify({ reports: [receipt] }), { qos: 1 });

  expect(JSON.parse(await stored)).toEqual({ stored: 1 });
  expect(await world.desk.findRollout('r1')).toMatchObject({
    state: 'completed',
    phases: [{ members: 1, proven: 1 }],
  });
});
