import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameError, framer } from '../../../server/mqtt/framer.ts';
import { isMqtt5Connect, mqtt5Bridge } from '../../../server/mqtt/mqtt5-bridge.ts';
import { packetOf } from '../../../server/mqtt/packet-reader.ts';
import { mayPublish, maySubscribe, selects } from '../../../server/mqtt/topic-rules.ts';

const counted = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};
const bytes = (...values: number[]): Buffer => Buffer.from(values);

/** A CONNECT of MQTT 5 with these properties and this client id, for the user `pump-1`. */
function connect5(properties: Buffer = Buffer.alloc(0), clientId = 'c'): Buffer {
  return packetOf(0x10, [
    counted('MQTT'),
    bytes(5, 0xc0, 0, 60, properties.length),
    properties,
    counted(clientId),
    counted('pump-1'),
    counted('token'),
  ]);
}

describe('cutting a stream into packets', () => {
  const packet = fc
    .uint8Array({ maxLength: 300 })
    .map((body) => packetOf(0x30, [Buffer.from(body)]));

  test('gives the same packets however the stream was cut', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 8 }), fc.array(fc.nat(200)), (packets, cuts) => {
        const stream = Buffer.concat(packets);
        const cut = framer(() => 1_000);
        const found: Buffer[] = [];
        let at = 0;
        for (const size of [...cuts, stream.length]) {
          found.push(...cut(stream.subarray(at, at + size)));
          at = Math.min(at + size, stream.length);
        }
        expect(Buffer.concat(found)).toEqual(stream);
        expect(found).toHaveLength(packets.length);
      }),
    );
  });

  test('takes a packet of the allowed length and refuses one byte more', () => {
    const whole = packetOf(0x30, [Buffer.alloc(98)]);
    expect(framer(() => 100)(whole)).toEqual([whole]);
    expect(() => framer(() => 99)(whole)).toThrow(FrameError);
  });

  test('refuses what is too long before the rest has come', () => {
    expect(() => framer(() => 100)(bytes(0x30, 0xff, 0xff, 0x7f))).toThrow(FrameError);
  });
});

describe('an MQTT 5 connection', () => {
  test('is known by its level', () => {
    expect(isMqtt5Connect(connect5())).toBe(true);
    const four = packetOf(0x10, [counted('MQTT'), bytes(4, 2, 0, 60), counted('c')]);
    expect(isMqtt5Connect(four)).toBe(false);
  });

  test('is told in words of MQTT 5 what is not offered', () => {
    const answer = mqtt5Bridge(connect5()).outbound(bytes(0x20, 2, 0, 0));
    expect(answer?.toString('hex')).toBe('2013000010110000000024012700080400' + '29002a00');
  });

  test('is told the id that it was given when it brought none', () => {
    const answer = mqtt5Bridge(connect5(Buffer.alloc(0), '')).outbound(bytes(0x20, 2, 0, 0));
    expect(answer?.subarray(-9)).toEqual(Buffer.concat([bytes(0x12), counted('pump-1')]));
  });

  test.each([
    [4, 0x86],
    [5, 0x87],
    [9, 0x80],
  ])('is refused with its own reason for code %i', (code, reason) => {
    const answer = mqtt5Bridge(connect5()).outbound(bytes(0x20, 2, 0, code));
    expect(answer).toEqual(bytes(0x20, 3, 0, reason, 0));
  });

  test('is sent nothing longer than it takes', () => {
    const { outbound } = mqtt5Bridge(connect5(bytes(0x27, 0, 0, 0, 20)));
    const publish = (length: number): Buffer =>
      packetOf(0x30, [counted('t'), Buffer.alloc(length)]);
    expect(outbound(publish(14))).toHaveLength(20);
    expect(outbound(publish(15))).toBeUndefined();
  });

  test('that limits what is under way is granted QoS 0', () => {
    const subscribe = packetOf(0x82, [bytes(0, 1, 0), counted('t'), bytes(0x2d)]);
    const limited = mqtt5Bridge(connect5(bytes(0x21, 0, 1))).inbound(subscribe);
    expect(limited.at(-1)).toBe(0);
    expect(mqtt5Bridge(connect5()).inbound(subscribe).at(-1)).toBe(1);
  });

  test('is answered for each topic it unsubscribes from', () => {
    const { inbound, outbound } = mqtt5Bridge(connect5());
    inbound(packetOf(0xa2, [bytes(0, 7, 0), counted('a'), counted('b')]));
    expect(outbound(bytes(0xb0, 2, 0, 7))).toEqual(bytes(0xb0, 5, 0, 7, 0, 0, 0));
  });

  test.each([
    [
      'enhanced authentication',
      () => mqtt5Bridge(connect5(Buffer.concat([bytes(0x15), counted('x')]))),
    ],
    ['a property that does not exist', () => mqtt5Bridge(connect5(bytes(0x7f, 0)))],
    ['a property that ends too late', () => mqtt5Bridge(connect5(bytes(0x27, 0)))],
    [
      'a topic alias',
      () => mqtt5Bridge(connect5()).inbound(packetOf(0x30, [counted('t'), bytes(3, 0x23, 0, 1)])),
    ],
    [
      'a subscription identifier',
      () =>
        mqtt5Bridge(connect5()).inbound(
          packetOf(0x82, [bytes(0, 1, 2, 0x0b, 1), counted('t'), bytes(1)]),
        ),
    ],
    ['an AUTH packet', () => mqtt5Bridge(connect5()).inbound(bytes(0xf0, 0))],
    ['a second CONNECT', () => mqtt5Bridge(connect5()).inbound(connect5())],
  ])('is ended for %s', (_name, act) => {
    expect(act).toThrow(FrameError);
  });

  test('ends on any nonsense, and never in another way', () => {
    const frame = fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 60 }))
      .map(([first, body]) => packetOf(first, [Buffer.from(body)]));
    fc.assert(
      fc.property(frame, fc.nat(60), (nonsense, cut) => {
        const { inbound } = mqtt5Bridge(connect5());
        for (const act of [
          () => inbound(nonsense),
          () => mqtt5Bridge(nonsense),
          () => mqtt5Bridge(packetOf(0x10, [connect5().subarray(2, 2 + cut)])),
        ]) {
          try {
            act();
          } catch (cause) {
            expect(cause).toBeInstanceOf(FrameError);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('topics', () => {
  test('of another device are out of reach, whatever its id looks like', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
    fc.assert(
      fc.property(id, id, (mine, theirs) => {
        fc.pre(mine !== theirs);
        for (const topic of ['assignment', 'reports', 'reports/ack', 'presence', '#', '+']) {
          const full = `sealift/v1/devices/${theirs}/${topic}`;
          expect([mayPublish(mine, full), maySubscribe(mine, full)]).toEqual([false, false]);
        }
      }),
    );
  });

  test.each([
    ['a/b', 'a/b', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/+/c', 'a/b/d', false],
    ['a/b/c', 'a/b', false],
    ['a', 'a/b', false],
  ])('%s selects %s: %s', (filter, topic, expected) => {
    expect(selects(filter, topic)).toBe(expected);
  });
});
