import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameError, framer } from '../../../server/mqtt/framer.ts';
import { mayPublish, maySubscribe, selects } from '../../../server/mqtt/topic-rules.ts';

const bytes = (...values: number[]): Buffer => Buffer.from(values);

/** A PUBLISH of `body`, its length in as many bytes as it takes. */
function packetOf(body: Uint8Array): Buffer {
  const { length } = body;
  const counted = length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return Buffer.concat([bytes(0x30, ...counted), body]);
}

describe('cutting a stream into packets', () => {
  const packet = fc.uint8Array({ maxLength: 300 }).map(packetOf);

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
    const whole = packetOf(Buffer.alloc(98));
    expect(framer(() => 100)(whole)).toEqual([whole]);
    expect(() => framer(() => 99)(whole)).toThrow(FrameError);
  });

  test('refuses what is too long before the rest has come', () => {
    expect(() => framer(() => 100)(bytes(0x30, 0xff, 0xff, 0x7f))).toThrow(FrameError);
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
