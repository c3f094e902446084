// A24: somebody replays what a device reported, or reports in its name, to move a rollout on or to halt
// it. A report counts by its device's signature and its number, whichever way it came. Uptane 5.3.2.1.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Signer } from '../../shared/crypto/signer.ts';
import { signDsse, type Dsse } from '../../shared/dsse.ts';
import { makeDeviceToken } from '../../shared/protocol/device-token.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import { deviceTopics } from '../../shared/protocol/topics.ts';
import { readConfig } from '../../server/config.ts';
import type { OnlinePublicKeys } from '../../server/keys/online-keys.ts';
import { startServer, type RunningServer } from '../../server/run/start-server.ts';
import {
  directorRootText,
  imageRootText,
  imageTargetsText,
  productTargetsText,
} from '../support/authority.ts';
import { addDevices, assignmentOf, report, signReport } from '../support/fleet.ts';
import { connectMqtt } from '../support/mqtt-device.ts';
import { startReporting, STARTED } from '../support/reporting.ts';

import { testKey } from '../support/test-key.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** How a message reaches the server; answers what it says is stored, or that it was refused. */
type Send = (device: string, reports: readonly Dsse[]) => Promise<number | 'refused'>;

let server: RunningServer;
const clients: MqttClient[] = [];
const keyOf = (device: string): Signer => testKey(`device ${device}`);
const REFUSED = 'refused';

async function api(path: string, json?: unknown): Promise<unknown> {
  const answer = await fetch(`${server.http}/api/v1/${path}`, {
    method: json === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${server.firstToken ?? ''}`,
      'content-type': 'application/json',
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  expect(answer.status).toBeLessThan(300);
  return answer.json();
}

async function enrol(device: string): Promise<void> {
  const { token } = (await api('tokens', { kind: 'enrolment', name: device })) as { token: string };
  const { publicKey } = keyOf(device);
  const enrolment = {
    schema: 'sealift.enrolment/1',
    token,
    device,
    product: 'gateway',
    hardwareId: 'rpi4',
    publicKey: publicKey.keyval.public,
  };
  const payload = Buffer.from(JSON.stringify(enrolment));
  const body = JSON.stringify(await signDsse(MEDIA_TYPES.enrolment, payload, [keyOf(device)]));
  const answer = await fetch(`${server.http}/device/v1/enroll`, { method: 'POST', body });
  expect(answer.status).toBe(200);
}

beforeEach(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'sealift-server-'));
  const file = { dataDir, http: { port: 0 }, mqtt: { port: 0 }, logLevel: 'silent' };
  server = await startServer(readConfig(JSON.stringify(file), {}), {
    now: () => new Date(),
    randomBytes: (count) => randomBytes(count),
    newId: () => randomUUID(),
    log: () => undefined,
  });
  const online = (await api('keys/online')) as OnlinePublicKeys;
  await api('trust', {
    imageRoot: await imageRootText(online),
    imageTargets: await imageTargetsText(1, []),
    directorRoot: await directorRootText(online),
  });
  await api('products', {
    product: 'gateway',
    hardwareIds: ['rpi4'],
    imageTargets: await imageTargetsText(2, ['gateway']),
    role: await productTargetsText('gateway', 1, []),
  });
  await enrol('d0');
  await enrol('d1');
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await server.close();
});

const messageOf = (reports: readonly Dsse[]): string => JSON.stringify({ reports });

const overHttp: Send = async (device, reports) => {
  const token = await makeDeviceToken(device, keyOf(device), new Date());
  const answer = await fetch(`${server.http}/device/v1/reports`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: messageOf(reports),
  });
  if (answer.status !== 200) return REFUSED;
  return ((await answer.json()) as { stored: number }).stored;
};

/** A refusal is silence and the end of the connection: there is no other word for it in MQTT 3.1.1. */
const overMqtt: Send = async (device, reports) => {
  const password = await makeDeviceToken(device, keyOf(device), new Date());
  const { port } = new URL(server.mqtt);
  const client = await connectMqtt({ port: Number(port), username: device, password });
  client.on('error', () => undefined);
  clients.push(client);
  const topics = deviceTopics(device);
  await client.subscribeAsync(topics.acknowledgement, { qos: 1 });
  return new Promise((resolve) => {
    client.on('message', (_topic, payload) => {
      resolve((JSON.parse(payload.toString()) as { stored: number }).stored);
    });
    client.on('close', () => {
      resolve(REFUSED);
    });
    client.publish(topics.reports, messageOf(reports), { qos: 1 });
  });
};

interface Shown {
  readonly lastReportNumber: number;
  readonly lastReports: readonly { readonly number: number }[];
}
const shown = async (device: string): Promise<Shown> => (await api(`devices/${device}`)) as Shown;
const started = (device: string, number: number): Promise<Dsse> =>
  signReport(report(device, number, STARTED));

describe.each([
  ['over HTTP', overHttp],
  ['over MQTT', overMqtt],
])('%s, a report', (_name, send) => {
  test('that is played back is acknowledged as before, and counts once', async () => {
    const first = await started('d0', 1);
    expect(await send('d0', [first])).toBe(1);

    expect(await send('d0', [first])).toBe(1);

    expect((await shown('d0')).lastReports).toHaveLength(1);
  });

  test('of a number that was used for something else is refused, and the first one stays', async () => {
    await send('d0', [await started('d0', 1)]);
    const other = await signReport({ ...report('d0', 1, STARTED), bootId: 'another boot' });

    expect(await send('d0', [other])).toBe(REFUSED);

    expect(await send('d0', [await started('d0', 2)])).toBe(2);
    expect((await shown('d0')).lastReports.map(({ number }) => number)).toEqual([2, 1]);
  });

  test('beyond a gap waits for what is missing: nothing is stored, nothing is lost', async () => {
    await send('d0', [await started('d0', 1)]);

    expect(await send('d0', [await started('d0', 3)])).toBe(1);
    expect((await shown('d0')).lastReportNumber).toBe(1);

    expect(await send('d0', [await started('d0', 2), await started('d0', 3)])).toBe(3);
  });

  test.each([Number.MAX_SAFE_INTEGER, 1_000_000])(
    'that jumps to number %i does not shut out the device’s next one',
    async (number) => {
      expect(await send('d0', [await started('d0', number)])).toBe(0);

      expect(await send('d0', [await started('d0', 1)])).toBe(1);
    },
  );

  test.each([2 ** 53, 0, -1, 1.5])('of number %d is refused', async (number) => {
    expect(await send('d0', [await started('d0', number)])).toBe(REFUSED);
    expect(await send('d0', [await started('d0', 1)])).toBe(1);
  });

  test("signed by another device's key is refused, and by its own is stored", async () => {
    const forged = await signReport(report('d0', 1, STARTED), keyOf('d1'));
    expect(await send('d0', [forged])).toBe(REFUSED);
    expect(await send('d1', [forged])).toBe(REFUSED);

    expect(await send('d0', [await started('d0', 1)])).toBe(1);
  });

  test('of one device that another one hands in is refused: the way is not the signature', async () => {
    const genuine = await started('d0', 1);
    expect(await send('d1', [genuine])).toBe(REFUSED);
    expect((await shown('d0')).lastReportNumber).toBe(0);

    expect(await send('d0', [genuine])).toBe(1);
  });

  test('that is forged takes the honest ones of its message with it, and they may come again', async () => {
    const honest = await started('d0', 1);
    const forged = await signReport(report('d0', 2, STARTED), testKey('thief'));

    expect(await send('d0', [honest, forged])).toBe(REFUSED);
    expect((await shown('d0')).lastReportNumber).toBe(0);

    expect(await send('d0', [honest])).toBe(1);
  });
});

test('a report over MQTT and again over HTTP counts once, as it does after a lost acknowledgement', async () => {
  const first = await started('d0', 1);
  expect(await overMqtt('d0', [first])).toBe(1);

  expect(await overHttp('d0', [first])).toBe(1);

  expect((await shown('d0')).lastReports).toHaveLength(1);
});

test('an old receipt that is played back after a rollback proves nothing', async () => {
  const world = await startReporting();
  await addDevices(world, ['d0']);
  const rollout = await world.rollOut(100);
  const receipt = await world.envelope('d0', 1, world.receipt());
  await world.send('d0', [receipt]);
  expect((await assignmentOf(world, rollout, 'd0'))?.state).toBe('proven');
  await world.send('d0', [await world.envelope('d0', 2, STARTED)]); // it runs nothing of ours now
  expect((await assignmentOf(world, rollout, 'd0'))?.state).toBe('rolled_back');

  expect(await world.send('d0', [receipt])).toEqual({ kind: 'stored', stored: 2 });

  expect((await assignmentOf(world, rollout, 'd0'))?.state).toBe('rolled_back');
});
