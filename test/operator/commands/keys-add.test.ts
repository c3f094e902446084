import { chmod, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { acceptFirstRoot } from '../../../shared/trust/root.ts';
import { startFakeServer, type FakeServer } from '../fake-server.ts';
import { newHome, operatorAt, PASSPHRASE, type Operator } from '../operator.ts';
import { serviceKey } from '../signers/signer-world.ts';

let author: Operator;

beforeEach(async () => {
  author = operatorAt(await newHome());
});

/** A program of somebody's, with a fresh key; answers its URI. */
async function signer(kind: 'p256' | 'ed25519' = 'p256'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-program-'));
  const { pem, privateKey } = serviceKey(kind);
  await writeFile(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(join(folder, 'public.pem'), pem);
  const path = join(folder, 'program.mjs');
  await writeFile(
    path,
    `import { sign } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
const at = (name) => new URL(name, import.meta.url);
if (process.argv[2] === 'public-key') writeSync(1, readFileSync(at('public.pem')));
else writeSync(1, sign(${kind === 'p256' ? "'sha256'" : 'null'}, readFileSync(0), readFileSync(at('key.pem'))));
`,
  );
  return `exec:${process.execPath} ${path}`;
}

const add = (name: string, role: string, uri: string): readonly string[] => [
  ...['keys', 'add', name, '--role', role, '--signer', uri],
];

test.each([
  ['p256', 'ecdsa-sha2-nistp256'],
  ['ed25519', 'ed25519'],
] as const)('keys add stores where a %s key is, for its owner only', async (kind, scheme) => {
  const uri = await signer(kind);
  const added = await author.json(...add('gateway', 'product:gateway', uri));
  expect(added).toMatchObject({ name: 'gateway', source: 'exec', uri, scheme });

  const path = join(author.home, 'keys', 'gateway.signer.json');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
    schema: 'sealift.signer/1',
    name: 'gateway',
    role: 'product:gateway',
    createdAt: '2026-06-01T12:00:00.000Z',
    uri,
    publicKey: expect.objectContaining({ scheme }) as object,
  });
});

test('keys list shows where each key is', async () => {
  const uri = await signer();
  const { id } = await author.json(...add('gateway', 'product:gateway', uri));
  const { keys } = await author.json('keys', 'list');
  const path = join(author.home, 'keys', 'gateway.signer.json');
  expect(keys).toEqual([
    {
      ...{ id, name: 'gateway', role: 'product:gateway', source: 'exec', uri, file: path },
      created: '2026-06-01T12:00:00.000Z',
    },
  ]);
  expect((await author.run('keys', 'list')).stdout).toContain(uri);
});

test('its help names every kind of signer', async () => {
  const { stdout, exitCode } = await author.run('keys', 'add', '--help');
  expect(exitCode).toBe(0);
  for (const scheme of ['file', 'ssh-agent', 'pkcs11', 'exec', 'awskms', 'gcpkms', 'vault']) {
    expect(stdout).toContain(`  ${scheme}:`);
  }
});

describe('nothing is stored', () => {
  const keysThere = async (): Promise<readonly string[]> =>
    readdir(join(author.home, 'keys')).catch(() => []);

  test.each([
    ['by a signer that is not there', 'exec:/no/such/program', 'signer_unavailable'],
    ['by something that is no signer', 'gateway.key.json', 'signer_uri_invalid'],
    ['by a PIN in the address', 'pkcs11:token=a?pin-value=1', 'signer_uri_invalid'],
  ])('%s', async (_, uri, code) => {
    expect(await author.refused(...add('gateway', 'product:gateway', uri))).toBe(code);
    expect(await keysThere()).toEqual([]);
  });

  test('for a name or a role that cannot be', async () => {
    const uri = await signer();
    const exits = [add('Gateway', 'image-root', uri), add('gateway', 'timestamp', uri)];
    for (const args of exits) expect(await author.run(...args)).toMatchObject({ exitCode: 2 });
    expect(await keysThere()).toEqual([]);
  });

  test('under a name that is taken, or for a key that the role has already', async () => {
    const uri = await signer();
    await author.json(...add('one', 'image-root', uri));
    expect(await author.refused(...add('one', 'image-targets', uri))).toBe('key_exists');
    expect(await author.refused(...add('two', 'image-root', uri))).toBe('key_exists');

    await author.json(...add('two', 'image-targets', uri)); // one card, two duties
    expect(await keysThere()).toEqual(['one.signer.json', 'two.signer.json']);
  });
});

describe('a signer file', () => {
  test('that others can write is not used: it may name a program', async () => {
    await author.json(...add('one', 'image-root', await signer()));
    const path = join(author.home, 'keys', 'one.signer.json');
    await chmod(path, 0o620);
    expect(await author.refused('keys', 'list')).toBe('key_file_exposed');
    await chmod(path, 0o600);
    await author.json('keys', 'list');
  });

  test.each([
    ['is cut', (text: string) => text.slice(0, 100)],
    ['has a field more', (text: string) => text.replace('{', '{"pin":"1",')],
    ['names a key that is none', (text: string) => text.replace('BEGIN PUBLIC', 'BEGIN')],
  ])('that %s is damaged', async (_, change) => {
    await author.json(...add('one', 'image-root', await signer()));
    const path = join(author.home, 'keys', 'one.signer.json');
    await writeFile(path, change(await readFile(path, 'utf8')));
    expect(await author.refused('keys', 'list')).toBe('key_file_damaged');
  });
});

describe('with a server', () => {
  let server: FakeServer;
  let restore: () => void;

  beforeAll(async () => {
    server = await startFakeServer();
    restore = server.remember();
  });
  beforeEach(() => {
    restore();
  });
  afterAll(() => server.close());
  const init = (): readonly string[] => [
    ...['keys', 'init', '--server', server.url, '--token', server.token, '--single'],
  ];
  const silent = (): Operator =>
    operatorAt(author.home, { env: { SEALIFT_HOME: author.home }, askSecret: undefined });

  test('keys init takes added signers in place of files, and makes the rest', async () => {
    await author.json(...add('anna', 'image-root', await signer()));
    await author.json(...init());

    expect(await readdir(join(author.home, 'keys'))).toEqual([
      'anna.signer.json',
      'director-root.key.json',
      'image-targets.key.json',
    ]);
    const { roles, keys } = acceptFirstRoot(server.files.get('1.root.json') ?? Buffer.of()).content;
    expect(roles.root.keyids.map((id) => keys.get(id)?.keytype)).toEqual(['ecdsa']);
  });

  test('a role is all signers or all files', async () => {
    await author.json(...add('anna', 'image-root', await signer()));
    await author.json(...add('ben', 'image-root', await signer()));
    expect(await author.refused(...init())).toBe('wrong_usage');
    expect(server.requests).not.toContain('POST /api/v1/trust');
  });

  test('without a key in a file nobody is asked for a passphrase', async () => {
    for (const role of ['image-root', 'image-targets', 'director-root', 'product:gateway']) {
      await author.json(...add(role.replace(':', '-'), role, await signer()));
    }
    await silent().json(...init());
    await silent().json('product', 'add', 'gateway', '--hardware', 'rpi4');

    const other = ['product', 'add', 'other', '--hardware', 'rpi4'];
    expect(await silent().refused(...other)).toBe('no_passphrase'); // its key would be a file
  });

  test('the first key file of a workspace gets a passphrase that is typed twice', async () => {
    for (const role of ['image-root', 'image-targets', 'director-root']) {
      await author.json(...add(role, role, await signer()));
    }
    await silent().json(...init());
    const typed = [PASSPHRASE, 'a typing error'];
    const typing = operatorAt(author.home, {
      env: { SEALIFT_HOME: author.home },
      askSecret: () => Promise.resolve(typed.shift() ?? ''),
    });
    expect(await typing.refused('product', 'add', 'gateway', '--hardware', 'rpi4')).toBe(
      'passphrase_mismatch',
    );
  });

  test('a product cannot take the name of a signer', async () => {
    await author.json(...init());
    await author.json(...add('gateway', 'product:other', await signer()));
    expect(await author.refused('product', 'add', 'gateway', '--hardware', 'rpi4')).toBe(
      'key_exists',
    );
  });
});
