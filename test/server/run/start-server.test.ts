import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { signDsse } from '../../../shared/dsse.ts';
import { makeDeviceToken } from '../../../shared/protocol/device-token.ts';
import { MEDIA_TYPES } from '../../../shared/protocol/media-types.ts';
import {
  deviceTopics,
  IMAGE_TIMESTAMP_TOPIC,
  PUBLIC_TOPIC_FILTERS,
  releaseTopics,
} from '../../../shared/protocol/topics.ts';
import { readConfig } from '../../../server/config.ts';
import type { OnlinePublicKeys } from '../../../server/keys/online-keys.ts';
import { startServer, type RunningServer } from '../../../server/run/start-server.ts';
import {
  directorRootText,
  imageRootText,
  imageTargetsText,
  productTargetsText,
} from '../../support/authority.ts';
import { httpsJson } from '../../support/https-json.ts';
import { manifestText } from '../../support/publishing.ts';
import { testKey } from '../../support/test-key.ts';
import { testRelease, type TestRelease } from '../../support/test-release.ts';

const tlsFile = (kind: string): string =>
  fileURLToPath(new URL(`../../support/tls/TEST-ONLY-localhost.${kind}.pem`, import.meta.url));
const ca = await readFile(tlsFile('cert'), 'utf8');
/** A busy machine takes its time; what is awaited comes by itself. */
const SOON = { timeout: 20_000 };
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(dataDir: string): Promise<RunningServer> {
  const tls = { cert: tlsFile('cert'), key: tlsFile('key') };
  const file = { dataDir, http: { port: 0, tls }, mqtt: { port: 0, tls }, logLevel: 'silent' };
  const server = await startServer(readConfig(JSON.stringify(file), {}), {
    now: () => new Date(),
    randomBytes: (count) => randomBytes(count),
    newId: () => randomUUID(),
    log: () => undefined,
  });
  closers.push(server.close);
  return server;
}

async function api(server: RunningServer, path: string, json?: unknown): Promise<unknown> {
  const answer = await httpsJson({
    url: `${server.http}${path}`,
    ca,
    ...(server.firstToken !== undefined && { token: server.firstToken }),
    ...(json !== undefined && { method: 'POST', body: JSON.stringify(json) }),
  });
  expect(answer.status).toBeLessThan(300);
  return answer.json;
}

async function foundGateway(server: RunningServer): Promise<void> {
  const online = (await api(server, '/api/v1/keys/online')) as OnlinePublicKeys;
  await api(server, '/api/v1/trust', {
    imageRoot: await imageRootText(online),
    imageTargets: await imageTargetsText(1, []),
    directorRoot: await directorRootText(online),
  });
  await api(server, '/api/v1/products', {
    product: 'gateway',
    hardwareIds: ['rpi4'],
    imageTargets: await imageTargetsText(2, ['gateway']),
    role: await productTargetsText('gateway', 1, []),
  });
}

async function publish(server: RunningServer, release: TestRelease): Promise<void> {
  for (const { bytes } of release.blobs) {
    const url = `${server.http}/api/v1/blobs/${sha256Hex(bytes)}`;
    const token = server.firstToken ?? '';
    await httpsJson({ url, ca, method: 'PUT', token, body: bytes });
  }
  await api(server, '/api/v1/releases', {
    manifest: manifestText(release.manifest),
    role: await productTargetsText('gateway', 2, [release.manifest]),
  });
}

const key = testKey('device d1');

async function enrol(server: RunningServer): Promise<void> {
  const wish = { kind: 'enrolment', name: 'line 1' };
  const { token } = (await api(server, '/api/v1/tokens', wish)) as { token: string };
  const enrolment = {
    schema: 'sealift.enrolment/1',
    token,
    device: 'd1',
    product: 'gateway',
    hardwareId: 'rpi4',
    publicKey: key.publicKey.keyval.public,
  };
  const payload = Buffer.from(JSON.stringify(enrolment));
  await api(server, '/device/v1/enroll', await signDsse(MEDIA_TYPES.enrolment, payload, [key]));
}

/** Connects as the device and gathers what it is sent. */
async function listen(
  server: RunningServer,
): Promise<{ readonly client: MqttClient; readonly heard: Map<string, Buffer> }> {
  const heard = new Map<string, Buffer>();
  const password = await makeDeviceToken('d1', key, new Date());
  const options = { username: 'd1', password, ca, reconnectPeriod: 0 };
  const client = await connectAsync(server.mqtt, options, false);
  closers.push(() => client.endAsync(true));
  client.on('message', (topic, payload) => heard.set(topic, payload));
  await client.subscribeAsync([deviceTopics('d1').assignment, ...PUBLIC_TOPIC_FILTERS]);
  return { client, heard };
}

test('a release reaches a connected device over TLS, and one that comes later too', async () => {
  const dataDir = join(await mkdtemp(join(tmpdir(), 'sealift-run-')), 'data');
  const server = await start(dataDir);
  expect(server.http).toMatch(/^https:/);
  expect(server.mqtt).toMatch(/^mqtts:/);
  await foundGateway(server);
  await enrol(server);
  const release = await testRelease('1.0.0');
  const topics = releaseTopics('gateway', '1.0.0');
  const { heard } = await listen(server);
  const timestamp = heard.get(IMAGE_TIMESTAMP_TOPIC);

  await publish(server, release);

  await expect
    .poll(() => heard.get(topics.manifest)?.toString(), SOON)
    .toBe(manifestText(release.manifest));
  await expect.poll(() => heard.get(topics.sbom), SOON).toEqual(release.blobs[1]?.bytes);
  await expect.poll(() => heard.get(IMAGE_TIMESTAMP_TOPIC), SOON).not.toEqual(timestamp);
  await expect.poll(() => heard.get(deviceTopics('d1').assignment), SOON).toBeDefined();

  for (const close of closers.splice(0).reverse()) await close();
  const again = await listen(await start(dataDir));
  await expect.poll(() => [...again.heard.keys()].sort(), SOON).toEqual([...heard.keys()].sort());
}, 60_000);

test('a rollout sends the assignment to a device that is connected', async () => {
  const server = await start(join(await mkdtemp(join(tmpdir(), 'sealift-run-')), 'data'));
  await foundGateway(server);
  await enrol(server);
  await publish(server, await testRelease('1.0.0'));
  const { heard } = await listen(server);
  const { assignment } = deviceTopics('d1');
  await expect.poll(() => heard.get(assignment), SOON).toBeDefined();
  expect(heard.get(assignment)?.toString()).not.toContain('gateway/1.0.0');

  await api(server, '/api/v1/rollouts', {
    product: 'gateway',
    version: '1.0.0',
    phases: [{ percent: 100, successPercent: 90, failurePercent: 10 }],
  });

  await expect.poll(() => heard.get(assignment)?.toString(), SOON).toContain('gateway/1.0.0');
}, 60_000);
