import { connect as connectSocket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { MqttClient } from 'mqtt';
import { startBroker, type Broker } from '../../../server/mqtt/broker.ts';
import type { BrokerEvent } from '../../../server/mqtt/broker-deps.ts';
import { MAX_PUBLISH_BYTES } from '../../../server/mqtt/packet-limits.ts';
import {
  deviceTopics,
  IMAGE_TIMESTAMP_TOPIC,
  releaseTopics,
} from '../../../shared/protocol/topics.ts';
import { connectMqtt, nextMessage, whenClosed, type Login } from '../../support/mqtt-device.ts';

/** A world of two devices whose tokens are their names. */
interface World {
  readonly broker: Broker;
  readonly events: BrokerEvent[];
  readonly received: { readonly device: string; readonly text: string }[];
  readonly sightings: string[];
  readonly assignments: Map<string, string>;
}

let world: World;
const clients: MqttClient[] = [];

async function begin(maxConnections = 100): Promise<World> {
  const events: BrokerEvent[] = [];
  const received: { device: string; text: string }[] = [];
  const sightings: string[] = [];
  const assignments = new Map([['pump-1', 'bundle of pump-1']]);
  const broker = await startBroker({
    host: '127.0.0.1',
    port: 0,
    maxConnections,
    verifyDeviceToken: (token) => {
      const id = /^token of (.+)$/.exec(token)?.[1];
      if (id === 'retired')
        return Promise.resolve({ kind: 'refused', code: 'device_not_accepted' });
      return Promise.resolve(
        id === undefined ? { kind: 'refused', code: 'unauthorized' } : { kind: 'device', id },
      );
    },
    receiveReports: (device, bytes) => {
      const text = Buffer.from(bytes).toString('utf8');
      if (!text.startsWith('{')) {
        return Promise.resolve({ kind: 'malformed_request', message: 'not JSON' });
      }
      received.push({ device, text });
      return Promise.resolve({ kind: 'stored', stored: received.length });
    },
    loadAssignment: (device) => {
      const text = assignments.get(device);
      return Promise.resolve(text === undefined ? undefined : Buffer.from(text));
    },
    sighted: (device, presence) => presence && sightings.push(`${device} ${presence}`),
    log: (event) => events.push(event),
  });
  return { broker, events, received, sightings, assignments };
}

beforeEach(async () => {
  world = await begin();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await world.broker.close();
});

async function device(id: string, login: Partial<Login> = {}): Promise<MqttClient> {
  const client = await connectMqtt({
    port: world.broker.port,
    username: id,
    password: `token of ${id}`,
    ...login,
  });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

describe('a device', () => {
  test('is sent its assignment when it subscribes', async () => {
    const pump = await device('pump-1');
    const { assignment } = deviceTopics('pump-1');
    const message = nextMessage(pump, assignment);

    await pump.subscribeAsync(assignment, { qos: 1 });

    expect(await message).toBe('bundle of pump-1');
  });

  test('is sent a new assignment while it is connected', async () => {
    const pump = await device('pump-2');
    const { assignment } = deviceTopics('pump-2');
    await pump.subscribeAsync(assignment, { qos: 1 });
    const message = nextMessage(pump, assignment);

    await world.broker.publishRetained(assignment, Buffer.from('newer'));

    expect(await message).toBe('newer');
  });

  test('is told that its reports are stored after they are', async () => {
    const pump = await device('pump-1');
    const { reports, acknowledgement } = deviceTopics('pump-1');
    await pump.subscribeAsync(acknowledgement, { qos: 1 });
    const message = nextMessage(pump, acknowledgement);

    await pump.publishAsync(reports, '{"reports":[]}', { qos: 1 });

    expect(JSON.parse(await message)).toEqual({ stored: 1 });
    expect(world.received).toEqual([{ device: 'pump-1', text: '{"reports":[]}' }]);
  });

  test('gets a message as large as it may be through', async () => {
    const pump = await device('pump-1');
    const { reports, acknowledgement } = deviceTopics('pump-1');
    await pump.subscribeAsync(acknowledgement, { qos: 1 });
    const message = nextMessage(pump, acknowledgement);

    await pump.publishAsync(reports, `{${'x'.repeat(MAX_PUBLISH_BYTES - 200)}`, { qos: 1 });

    expect(JSON.parse(await message)).toEqual({ stored: 1 });
  });

  test('is dropped for a message longer than it may be, and nothing is received', async () => {
    const pump = await device('pump-1');
    const closed = whenClosed(pump);

    pump.publish(deviceTopics('pump-1').reports, `{${'x'.repeat(MAX_PUBLISH_BYTES)}`, { qos: 1 });
    await closed;

    expect(world.received).toEqual([]);
  });

  test('is dropped for garbage on its reports, and gets no acknowledgement', async () => {
    const pump = await device('pump-1');
    const closed = whenClosed(pump);

    pump.publish(deviceTopics('pump-1').reports, 'garbage', { qos: 1 });
    await closed;

    expect(world.events).toContainEqual(
      expect.objectContaining({ event: 'mqtt_reports_refused', code: 'malformed_request' }),
    );
  });

  test('reads what is public: the image timestamp and releases', async () => {
    const topic = releaseTopics('pump', '1.0.0').manifest;
    await world.broker.publishRetained(IMAGE_TIMESTAMP_TOPIC, Buffer.from('timestamp 7'));
    await world.broker.publishRetained(topic, Buffer.from('manifest'));
    const pump = await device('pump-1');
    const messages = Promise.all([
      nextMessage(pump, IMAGE_TIMESTAMP_TOPIC),
      nextMessage(pump, topic),
    ]);

    await pump.subscribeAsync([IMAGE_TIMESTAMP_TOPIC, 'sealift/v1/releases/#'], { qos: 1 });

    expect(await messages).toEqual(['timestamp 7', 'manifest']);
  });

  test.each([
    '#',
    '+/#',
    'sealift/#',
    'sealift/v1/#',
    'sealift/v1/devices/#',
    'sealift/v1/devices/+/assignment',
    'sealift/v1/devices/pump-2/assignment',
    'sealift/v1/devices/pump-2/reports/ack',
    'sealift/v1/devices/pump-1/#',
    'sealift/v1/devices/pump-1/reports',
    '$SYS/#',
    '$share/g/sealift/v1/devices/+/assignment',
    'sealift/v1/+/timestamp',
  ])('may not subscribe to %s', async (filter) => {
    const pump = await device('pump-1');

    const granted = pump.subscribeAsync(filter, { qos: 1 });

    await expect(granted).rejects.toThrow();
    expect(world.events).toContainEqual(
      expect.objectContaining({ event: 'mqtt_subscribe_refused', device: 'pump-1' }),
    );
  });

  test.each([
    deviceTopics('pump-2').reports,
    deviceTopics('pump-2').assignment,
    deviceTopics('pump-1').assignment,
    deviceTopics('pump-1').acknowledgement,
    IMAGE_TIMESTAMP_TOPIC,
    releaseTopics('pump', '1.0.0').manifest,
    '$SYS/x/new/clients',
    'a'.repeat(4_000),
    '/'.repeat(300),
  ])('is dropped for publishing to %s, and nobody hears it', async (topic) => {
    const other = await device('pump-2');
    const heard: string[] = [];
    other.on('message', (on) => heard.push(on));
    await other.subscribeAsync(
      [deviceTopics('pump-2').assignment, IMAGE_TIMESTAMP_TOPIC, 'sealift/v1/releases/#'],
      { qos: 1 },
    );
    const pump = await device('pump-1');
    const closed = whenClosed(pump);

    pump.publish(topic, '{"forged":true}', { qos: 1, retain: true });
    await closed;

    expect(heard).toEqual([]);
    expect(world.received).toEqual([]);
    expect(other.connected).toBe(true);
  });

  test.each([
    ['a wrong password', { username: 'pump-1', password: 'wrong' }],
    ['no password', { username: 'pump-1' }],
    ['no name at all', {}],
    ['the token of another device', { username: 'pump-1', password: 'token of pump-2' }],
    ['a name that is no device id', { username: 'a/#', password: 'token of a/#' }],
    ['the token of a retired device', { username: 'retired', password: 'token of retired' }],
    [
      "a will on another device's topic",
      {
        username: 'pump-1',
        password: 'token of pump-1',
        options: {
          will: { topic: deviceTopics('pump-2').presence, payload: Buffer.from('offline') },
        },
      },
    ],
  ] as [string, Partial<Login>][])('is refused with %s', async (_name, login) => {
    const refused = connectMqtt({ port: world.broker.port, ...login });

    await expect(refused).rejects.toThrow();
    expect(world.events.filter(({ event }) => event === 'mqtt_refused')).toHaveLength(1);
    expect(world.sightings).toEqual([]);
  });

  test('keeps its connection when another device comes with its client id', async () => {
    const first = await device('pump-1', { clientId: 'pump-1' });

    const second = await device('pump-2', { clientId: 'pump-1' });
    await expect(connectMqtt({ port: world.broker.port, clientId: 'pump-1' })).rejects.toThrow();

    await first.publishAsync(deviceTopics('pump-1').reports, '{}', { qos: 1 });
    expect([first.connected, second.connected]).toEqual([true, true]);
  });

  test('takes the place of its own older connection', async () => {
    const first = await device('pump-1');
    const closed = whenClosed(first);

    const second = await device('pump-1');
    await closed;

    expect(second.connected).toBe(true);
    await vi.waitFor(() => {
      expect(world.broker.isConnected('pump-1')).toBe(true);
    });
  });

  test('is online while it is connected, as the server sees it', async () => {
    const pump = await device('pump-1');
    expect(world.sightings).toEqual(['pump-1 online']);

    await pump.endAsync();

    await vi.waitFor(() => {
      expect(world.sightings).toEqual(['pump-1 online', 'pump-1 offline']);
    });
    expect(world.broker.isConnected('pump-1')).toBe(false);
  });

  test('is cut off by the server', async () => {
    const pump = await device('pump-1');
    const closed = whenClosed(pump);

    world.broker.disconnect('pump-1');

    await closed;
  });
});

test('a client that insists on MQTT 5 is told that it is not spoken here', async () => {
  const login = { username: 'pump-1', password: 'token of pump-1', port: world.broker.port };

  await expect(connectMqtt({ ...login, protocolVersion: 5 })).rejects.toThrow(/protocol version/);
  const spoken = await connectMqtt({ ...login, protocolVersion: 4 });

  expect(spoken.connected).toBe(true);
  await spoken.endAsync();
});

describe('somebody who speaks something else', () => {
  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a packet before CONNECT', Buffer.from([0xc0, 0x00])],
    ['a CONNECT of 200 MB', Buffer.from([0x10, 0xff, 0xff, 0xff, 0x5f])],
    ['a length without an end', Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff])],
    ['a CONNECT that ends early', Buffer.from([0x10, 0x04, 0x00, 0x04, 0x4d, 0x51])],
    ['a CONNECT of nonsense', Buffer.from([0x10, 0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ])('is dropped after %s, and devices are still served', async (_name, bytes) => {
    const socket = connectSocket(world.broker.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');

    socket.write(bytes);

    await once(socket, 'close');
    expect((await device('pump-1')).connected).toBe(true);
  });

  test('cannot hold more connections than the broker allows', async () => {
    const small = await begin(1);
    const first = connectSocket(small.broker.port, '127.0.0.1');
    await once(first, 'connect');

    const second = connectSocket(small.broker.port, '127.0.0.1');
    second.on('error', () => undefined);
    await once(second, 'close');

    expect(first.destroyed).toBe(false);
    await small.broker.close();
  });
});
