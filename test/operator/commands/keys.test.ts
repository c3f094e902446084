import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { acceptFirstRoot } from '../../../shared/trust/root.ts';
import { startFakeServer, type FakeServer } from '../fake-server.ts';
import { newHome, operatorAt, PASSPHRASE, type Operator } from '../operator.ts';

let server: FakeServer;
let author: Operator;
let restore: () => void;

beforeAll(async () => {
  server = await startFakeServer();
  restore = server.remember();
});
beforeEach(async () => {
  restore();
  author = operatorAt(await newHome());
});
afterAll(() => server.close());

const init = (...more: readonly string[]): readonly string[] => [
  ...['keys', 'init', '--server', server.url, '--token', server.token],
  ...more,
];

test('keys init makes nine keys for their owner only and hands both roots to the server', async () => {
  const { stdout, exitCode } = await author.run(...init());

  expect(exitCode).toBe(0);
  const names = await readdir(join(author.home, 'keys'));
  expect(names).toEqual(
    ['director-root', 'image-root', 'image-targets'].flatMap((role) =>
      [1, 2, 3].map((n) => `${role}-${n}.key.json`),
    ),
  );
  for (const name of [...names.map((each) => `keys/${each}`), 'config.json']) {
    expect((await stat(join(author.home, name))).mode & 0o777, name).toBe(0o600);
  }
  const imageRoot = join(author.home, 'metadata', 'image', '1.root.json');
  expect(stdout).toContain(imageRoot);
  expect(stdout).toContain(join(author.home, 'metadata', 'director', '1.root.json'));
  expect(await readFile(imageRoot)).toEqual(server.files.get('1.root.json'));
  expect(acceptFirstRoot(await readFile(imageRoot)).content.roles.root.threshold).toBe(2);
});

test('keys init uses the server of an earlier login, and asks for one when there was none', async () => {
  expect(await author.refused('keys', 'init', '--single')).toBe('no_server');

  await author.json('login', '--server', server.url, '--token', server.token);
  expect(await author.json('keys', 'init', '--single')).toMatchObject({ uploaded: true });
});

test('neither the passphrase nor a seed is printed or stored in the clear', async () => {
  const seeds: string[] = [];
  const watched = operatorAt(author.home, {
    random: (length) => {
      const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(length)));
      if (length === 32) seeds.push(bytes.toString('hex'));
      return bytes;
    },
  });
  const { stdout, stderr } = await watched.run(...init('--single'));

  const files = await readdir(author.home, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files.filter((file) => file.isFile()).map((f) => readFile(join(f.parentPath, f.name), 'utf8')),
  );
  // The salt is random too, and stands in every key file.
  const salts = texts.flatMap((text) => /"salt": "([0-9a-f]{64})"/.exec(text)?.[1] ?? []);
  expect(new Set(salts).size).toBe(1);
  const secrets = [PASSPHRASE, ...seeds.filter((seed) => !salts.includes(seed))];
  expect(secrets).toHaveLength(4);
  for (const secret of secrets) {
    expect([stdout, stderr, ...texts].join('\n')).not.toContain(secret);
  }
});

describe('a run that was cut', () => {
  test('before the server took the files goes on with the same keys', async () => {
    const body = { code: 'internal', message: 'the disk is full' };
    server.answers.set('POST /api/v1/trust', () => ({ status: 500, body }));
    expect(await author.refused(...init('--single'))).toBe('internal');
    const root = await readFile(join(author.home, 'metadata', 'image', '1.root.json'));

    server.answers.clear();
    await author.json(...init('--single'));
    expect(server.files.get('1.root.json')).toEqual(root);
  });

  test('before the roots were signed never overwrites the keys it made', async () => {
    await author.json(...init('--single'));
    restore();
    await rm(join(author.home, 'metadata'), { recursive: true });
    const before = await readFile(join(author.home, 'keys', 'image-root.key.json'));

    expect(await author.refused(...init('--single'))).toBe('key_exists');
    expect(await readFile(join(author.home, 'keys', 'image-root.key.json'))).toEqual(before);
  });
});

test('an offline machine makes the files, and a later run hands them over', async () => {
  const { body } = await fetch(`${server.url}/api/v1/keys/online`, {
    headers: { authorization: `Bearer ${server.token}` },
  }).then(async (response) => ({ body: await response.text() }));
  const onlineKeys = join(author.home, 'online.json');
  await writeFile(onlineKeys, body);
  const offline = operatorAt(author.home, { fetch: () => Promise.reject(new Error('no network')) });

  const made = await offline.json('keys', 'init', '--single', '--online-keys', onlineKeys);
  expect(made).toMatchObject({ uploaded: false });
  expect(await author.json(...init())).toMatchObject({ uploaded: true });
});

test('roots that were made for one server are not handed to another', async () => {
  await author.json(...init('--single'));
  const other = await startFakeServer();
  const code = await author.refused('keys', 'init', '--server', other.url, '--token', other.token);
  await other.close();
  expect(code).toBe('server_changed');
  expect(other.files.size).toBe(0);
});

test('a server that has its roots gets no others', async () => {
  await author.json(...init('--single'));
  expect(await operatorAt(await newHome()).refused(...init('--single'))).toBe(
    'already_initialised',
  );
});

test('keys list shows ids, roles and files, and nothing secret', async () => {
  await author.json(...init('--single'));
  const { keys } = await author.json('keys', 'list');
  expect(keys).toHaveLength(3);
  expect(keys).toContainEqual({
    id: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    name: 'image-root',
    role: 'image-root',
    created: '2026-06-01T12:00:00.000Z',
    source: 'file',
    file: join(author.home, 'keys', 'image-root.key.json'),
  });
});

describe('a new passphrase', () => {
  const typing = (...answers: string[]): Promise<string> =>
    operatorAt(author.home, {
      env: {},
      askSecret: () => Promise.resolve(answers.shift() ?? ''),
    }).refused(...init('--single'), '--home', author.home);

  test('that is short is refused', async () => {
    expect(await typing('12345678901')).toBe('passphrase_weak');
  });

  test('that is typed differently the second time is refused', async () => {
    expect(await typing('123456789012', '123456789013')).toBe('passphrase_mismatch');
  });

  test('that nobody can type is asked for in words', async () => {
    const silent = operatorAt(author.home, { env: { SEALIFT_HOME: author.home } });
    expect(await silent.refused(...init('--single'))).toBe('no_passphrase');
  });

  test('leaves no key behind when it is refused', async () => {
    await typing('short');
    await expect(stat(join(author.home, 'keys'))).rejects.toThrow('ENOENT');
  });
});

describe('with keys that are there', () => {
  beforeEach(async () => {
    await author.json(...init('--single'));
  });
  const addProduct = ['product', 'add', 'gateway', '--hardware', 'rpi4'];

  test('a wrong passphrase says so, and nothing is sent', async () => {
    const env = { SEALIFT_HOME: author.home, SEALIFT_PASSPHRASE: 'not the passphrase' };
    expect(await operatorAt(author.home, { env }).refused(...addProduct)).toBe('wrong_passphrase');
    expect(server.requests).not.toContain('POST /api/v1/products');
  });

  test('a damaged key file says so', async () => {
    const path = join(author.home, 'keys', 'image-targets.key.json');
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 200));
    expect(await author.refused(...addProduct)).toBe('key_file_damaged');
  });

  test('a key that others can read is not used', async () => {
    await chmod(join(author.home, 'keys', 'image-targets.key.json'), 0o644);
    expect(await author.refused(...addProduct)).toBe('key_file_exposed');
  });

  test('a workspace without the targets key cannot add a product', async () => {
    await rm(join(author.home, 'keys', 'image-targets.key.json'));
    expect(await author.refused(...addProduct)).toBe('key_missing');
  });
});
