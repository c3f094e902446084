// A30, A29, A28: two readers of the same bytes who understand different things.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalBytes, canonicalFile } from '../../shared/metadata/canonical-json.ts';
import { Expires, Hashes, Version } from '../../shared/metadata/fields.ts';
import { parseStrictJson } from '../../shared/metadata/strict-json.ts';
import { simulateRepository, targetFor } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice } from '../support/tuf-device.ts';

const parse = (text: string | Uint8Array): unknown => parseStrictJson(Buffer.from(text as string));

describe('strict JSON', () => {
  test.each([
    ['a name twice', '{"a":1,"a":2}'],
    ['a name twice, once escaped', '{"a":1,"\\u0061":2}'],
    ['a prototype', '{"__proto__":{"x":1}}'],
    ['a fraction', '1.5'],
    ['a fraction that is whole', '1.0'],
    ['an exponent', '1e3'],
    ['a number beyond exactness', '9007199254740993'],
    ['minus zero', '-0'],
    ['a leading zero', '01'],
    ['a plus', '+1'],
    ['not a number', 'NaN'],
    ['a comment', '{}//'],
    ['something after the end', '{} {}'],
    ['a trailing comma', '[1,]'],
    ['single quotes', "{'a':1}"],
    ['a raw control character', '"\u0001"'],
    ['a lone surrogate', '"\\ud800"'],
    ['an unknown escape', '"\\x41"'],
    ['a byte order mark', '\ufeff{}'],
    ['nothing', ''],
    ['half a string', '"abc'],
    ['half an object', '{"a":'],
    ['endless nesting', '['.repeat(100_000)],
  ])('does not accept %s', (_name, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'JsonError' }));
  });

  test('does not accept bytes that are not UTF-8', () => {
    expect(() => parseStrictJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(
      expect.objectContaining({ name: 'JsonError' }),
    );
  });

  test('reads what JSON.parse reads, for every value without fractions', () => {
    const value = fc.jsonValue({ noUnicodeString: false }).filter((v) => {
      const text = JSON.stringify(v);
      return !/-?\d+(\.\d|[eE])|-0|__proto__/.test(text) && !/\\ud[89a-f]/i.test(text);
    });
    fc.assert(
      fc.property(value, (v) => {
        const text = JSON.stringify(v);
        fc.pre(!/\d{16,}/.test(text));
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('never throws anything but a JsonError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parseStrictJson(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: 'JsonError' });
        }
      }),
    );
  });

  test('reads a string of a million escapes', () => {
    expect(parse(`"${'\\n'.repeat(1_000_000)}"`)).toHaveLength(1_000_000);
  });
});

test("canonical JSON is TUF's: sorted by code point, only quote and backslash escaped", () => {
  const value = { b: [1, true, null], a: 'x"y\\z\n', '\u{1f600}': 1, '\uffff': 2 };

  expect(Buffer.from(canonicalBytes(value)).toString()).toBe(
    '{"a":"x\\"y\\\\z\n","b":[1,true,null],"\uffff":2,"\u{1f600}":1}',
  );
});

test('a canonical file is JSON that says the same, line ends and all', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.integer()), (object) => {
      fc.pre(!Object.hasOwn(object, '__proto__'));
      const parsed = parseStrictJson(canonicalFile(object));
      expect(canonicalBytes(parsed)).toEqual(canonicalBytes(object));
    }),
  );
  expect(Buffer.from(canonicalFile({ key: 'a\nb' })).toString()).toBe('{"key":"a\\u000ab"}');
});

test('canonical JSON does not depend on the order in which members were written', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.integer()), (object) => {
      const turned = Object.fromEntries(Object.entries(object).reverse());
      expect(canonicalBytes(turned)).toEqual(canonicalBytes(object));
    }),
  );
});

test.each(['constructor', 'toString', 'hasOwnProperty'])(
  'a target called %s is found only when somebody signed it',
  async (path) => {
    const sim = await simulateRepository();
    expect(await tufDevice(sim).find(path)).toBeUndefined();

    sim.targets.targets = { [path]: targetFor(Buffer.from('x')) };
    expect(await tufDevice(sim).find(path)).toMatchObject({ length: 1 });
  },
);

test.each(['?', '#', '/role', '../role', 'constructor'])(
  'a delegated role called %s is fetched under an encoded name',
  async (name) => {
    const sim = await simulateRepository();
    sim.delegate(name, ['*'], [testKey('strange')]);
    const role = sim.delegated.get(name);
    if (role !== undefined) role.targets = { file: targetFor(Buffer.from('x')) };

    expect(await tufDevice(sim).find('file')).toMatchObject({ length: 1 });
    expect(sim.fetched).toContain(`1.${encodeURIComponent(name)}.json`);
  },
);

test('roles with names like numbers keep their order', async () => {
  const sim = await simulateRepository();
  for (const name of ['9', '1']) {
    sim.delegate(name, ['*'], [testKey(name)]);
    const role = sim.delegated.get(name);
    if (role !== undefined) role.targets = { file: targetFor(Buffer.from(name)) };
  }

  expect(await tufDevice(sim).find('file')).toMatchObject(targetFor(Buffer.from('9')));
});

test('a repository of another major version of TUF is refused by name', async () => {
  const sim = await simulateRepository();
  sim.timestamp.spec_version = '2.0.0';

  await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('spec_version_unsupported'));
  sim.timestamp.spec_version = '1.9.0';
  await expect(tufDevice(sim).refresh()).resolves.toBeDefined();
});

test('a file of one role is not believed as another, even by the same key', async () => {
  const sim = await simulateRepository();
  sim.setKeys('timestamp', [testKey('both')]);
  sim.setKeys('snapshot', [testKey('both')]);
  await sim.publishRoot();
  const snapshot = await sim.fetch('1.snapshot.json', 1_000_000);
  sim.instead.set('timestamp.json', () => snapshot);

  await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('metadata_malformed'));
});

test.each([
  '2026-02-30T00:00:00Z',
  '2026-01-01',
  '2026-01-01T00:00:00.5Z',
  '2026-01-01T00:00:00+00:00',
  'never',
  '',
])('an expiry of %j does not parse, so nothing is valid for ever', (text) => {
  expect(Expires.safeParse(text).success).toBe(false);
  expect(Expires.safeParse('2026-02-28T00:00:00Z').success).toBe(true);
});

test.each([
  {},
  { md5: 'd41d8cd98f00b204e9800998ecf8427e' },
  { sha256: 'abc' },
  { sha256: 'A'.repeat(64) },
])('hashes of %j do not parse', (hashes) => {
  expect(Hashes.safeParse(hashes).success).toBe(false);
  expect(Hashes.safeParse({ sha256: 'a'.repeat(64), md5: 'ignored' }).success).toBe(true);
});

test.each([0, -1, 1.5, '1', null, Infinity])('a version of %j does not parse', (version) => {
  expect(Version.safeParse(version).success).toBe(false);
  expect(Version.safeParse(1).success).toBe(true);
});
