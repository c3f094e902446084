import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startBroker, type Broker } from '../../../server/mqtt/broker.ts';
import { connectMqtt } from '../../support/mqtt-device.ts';

let broker: Broker;
let received = 0;

beforeAll(async () => {
  broker = await startBroker({
    host: '127.0.0.1',
    port: 0,
    maxConnections: 100,
    verifyDeviceToken: (token) =>
      Promise.resolve(
        token === 'token'
          ? { kind: 'device', id: 'pump-1' }
          : { kind: 'refused', code: 'unauthorized' },
      ),
    receiveReports: () => {
      received += 1;
      return Promise.resolve({ kind: 'malformed_request', message: 'nonsense' });
    },
    loadAssignment: () => Promise.resolve(undefined),
    sighted: () => undefined,
    log: () => undefined,
  });
});

afterAll(() => broker.close());

const counted = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
const packet = (first: number, ...body: Buffer[]): Buffer => {
  const whole = Buffer.concat(body);
  return Buffer.concat([Buffer.from([first, whole.length]), whole]);
};

interface Session {
  readonly connect: Buffer;
  readonly rest: Buffer;
}

/** Honest packets of one connection, to be spoilt. */
function session(): Session {
  const id = Buffer.from([0, 1]);
  const own = 'sealift/v1/devices/pump-1';
  const connect = packet(
    0x10,
    counted('MQTT'),
    Buffer.from([4, 0xc6, 0, 9]),
    counted('c'),
    counted(`${own}/presence`),
    counted('offline'),
    counted('pump-1'),
    counted('token'),
  );
  const rest = Buffer.concat([
    packet(0x82, id, counted(`${own}/assignment`), Buffer.from([1])),
    packet(0x32, counted(`${own}/presence`), id, Buffer.from('online')),
    packet(0x32, counted(`${own}/reports`), id, Buffer.from('x')),
    packet(0x40, id),
    packet(0xa2, id, counted('x')),
    packet(0xc0),
  ]);
  return { connect, rest };
}

/** Opens a connection, says `first`, waits for an answer if there will be one, says `then` and ends. */
async function say(first: Uint8Array, then?: Uint8Array): Promise<void> {
  const socket = connect(broker.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(first);
  if (then !== undefined) await once(socket, 'data');
  socket.resume();
  socket.end(then ?? Buffer.alloc(0));
  await once(socket, 'close');
}

/** The same bytes with a few of them changed, or cut. */
function spoilt(honest: Buffer): fc.Arbitrary<Buffer> {
  const change = fc.tuple(fc.nat(honest.length - 1), fc.integer({ min: 0, max: 255 }));
  return fc
    .tuple(fc.array(change, { maxLength: 6 }), fc.option(fc.nat(honest.length)))
    .map(([changes, end]) => {
      const bytes = Buffer.from(honest);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes.subarray(0, end ?? bytes.length);
    });
}

describe('a connection', () => {
  const { connect: honest, rest } = session();

  afterEach(async () => {
    const pump = await connectMqtt({
      port: broker.port,
      username: 'pump-1',
      password: 'token',
    });
    expect(pump.connected).toBe(true);
    await pump.endAsync(true);
  });

  test('that is honest is served', async () => {
    const before = received;
    await say(honest, rest);
    expect(received).toBe(before + 1);
  });

  test('never ends the broker by a spoilt CONNECT', async () => {
    await fc.assert(
      fc.asyncProperty(spoilt(honest), (bytes) => say(bytes)),
      { numRuns: 300 },
    );
  });

  test('never ends the broker by spoilt packets after it', async () => {
    await fc.assert(
      fc.asyncProperty(spoilt(rest), (bytes) => say(honest, bytes)),
      { numRuns: 300 },
    );
  });
});

test('random bytes never end the broker', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (bytes) => say(bytes)),
    { numRuns: 200 },
  );
});
