import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { TargetsSchema, type Targets } from '../../../shared/metadata/targets.ts';
import { signedOf, type FakeServer } from '../fake-server.ts';
import type { Operator } from '../operator.ts';
import { prepareGateway, type Prepared } from '../prepared.ts';

let prepared: Prepared;
let server: FakeServer;
let author: Operator;

beforeAll(async () => {
  prepared = await prepareGateway();
  server = prepared.server;
});
beforeEach(async () => {
  author = await prepared.again();
});
afterAll(() => server.close());

const addLock = [
  'product',
  'add',
  'lock',
  '--hardware',
  'nrf52',
  '--keys',
  '3',
  '--threshold',
  '2',
];

const targetsOf = (name: string): Targets =>
  TargetsSchema.parse(signedOf(server.files.get(name) ?? Buffer.of()));
const rolesOf = ({ delegations }: Targets): readonly unknown[] => delegations?.roles ?? [];

test('a second product gets its own keys and leaves the first delegation as it was', async () => {
  const [gateway] = rolesOf(targetsOf('2.targets.json'));
  await author.json(...addLock);

  const after = targetsOf('3.targets.json');
  expect(rolesOf(after)).toEqual([
    gateway,
    expect.objectContaining({ name: 'lock', threshold: 2, paths: ['lock/*/*'] }),
  ]);
  expect(after.delegations?.keys.size).toBe(4);
  const keys = (await readdir(join(author.home, 'keys'))).filter((name) => name.startsWith('lock'));
  expect(keys).toEqual(['lock-1.key.json', 'lock-2.key.json', 'lock-3.key.json']);
});

test('a product is added once', async () => {
  const again = ['product', 'add', 'gateway', '--hardware', 'rpi4'];
  expect(await author.refused(...again)).toBe('product_exists');
});

test('a run that the server did not take is repeated with the same keys', async () => {
  const body = { code: 'internal', message: 'the disk is full' };
  server.answers.set('POST /api/v1/products', () => ({ status: 500, body }));
  expect(await author.refused(...addLock)).toBe('internal');
  const key = await readFile(join(author.home, 'keys', 'lock-1.key.json'));

  server.answers.clear();
  await author.json(...addLock);
  expect(await readFile(join(author.home, 'keys', 'lock-1.key.json'))).toEqual(key);
});

test.each([
  ['a threshold that its keys can never meet', ['--threshold', '4']],
  ['a board that is no name', ['--hardware', 'RPI 4']],
])('%s is wrong usage', async (_, more) => {
  expect((await author.run(...addLock, ...more)).exitCode).toBe(2);
});

test('a product cannot take the name of a key that has another role', async () => {
  expect(await author.refused('product', 'add', 'image-root', '--hardware', 'a')).toBe(
    'key_exists',
  );
});

test('a product cannot be called as a top-level role', async () => {
  expect(await author.refused('product', 'add', 'snapshot', '--hardware', 'a')).toBe(
    'release_invalid',
  );
});
