import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildFixtures } from '../../firmware-fixtures/build.ts';
import { newSeed } from '../../shared/crypto/ed25519.ts';
import { signerFromSeed } from '../../shared/crypto/signer.ts';
import { signDsse } from '../../shared/dsse.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import { bundlePath } from '../../scripts/build/build-program.ts';
import { newHome, operatorAt, PASSPHRASE, type Operator, type Ran } from './operator.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';

let server: ServerProcess;
let fixtures: string;
let author: Operator;
const realClock = { now: () => new Date() };

/** As it ships; built before the tests, so that none ever runs a bundle of yesterday. */
const PROGRAM = [bundlePath({ name: 'sealift' })];

/** One command as people run it: in its own process. */
async function sealift(home: string, ...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [...PROGRAM, ...args], {
    env: { ...process.env, SEALIFT_HOME: home, SEALIFT_PASSPHRASE: PASSPHRASE },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: string[] = [];
  const err: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (part: string) => out.push(part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => err.push(part));
  const [exitCode] = (await once(child, 'close')) as [number];
  return { exitCode, stdout: out.join(''), stderr: err.join('') };
}

const publish = (version: string, ...more: readonly string[]): readonly string[] => {
  const folder = join(fixtures, 'gateway-1.0.0');
  return [
    ...['release', 'publish', '--product', 'gateway', '--version', version, '--epoch', '1'],
    ...['--class', 'functional', '--artifact', join(folder, 'artifact.tar')],
    ...['--sbom', join(folder, 'sbom.cdx.json')],
    ...['--attestation', join(folder, 'provenance.dsse.json')],
    ...more,
  ];
};

async function enrolDevice(id: string, token: string): Promise<string> {
  const key = signerFromSeed(newSeed());
  const enrolment = {
    schema: 'sealift.enrolment/1',
    token,
    device: id,
    product: 'gateway',
    hardwareId: 'rpi4',
    publicKey: key.publicKey.keyval.public,
  };
  const payload = Buffer.from(JSON.stringify(enrolment));
  const body = JSON.stringify(await signDsse(MEDIA_TYPES.enrolment, payload, [key]));
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${server.url}/device/v1/enroll`, { method: 'POST', headers, body });
  return ((await response.json()) as { state: string }).state;
}

beforeAll(async () => {
  fixtures = await newHome();
  for (const [path, bytes] of await buildFixtures()) {
    await mkdir(dirname(join(fixtures, path)), { recursive: true });
    await writeFile(join(fixtures, path), bytes);
  }
  server = await startServerProcess();
  author = operatorAt(await newHome(), realClock);
});

afterAll(() => server.stop());

describe('against the real server, in the order of a first day', { concurrent: false }, () => {
  test('keys init founds both repositories', async () => {
    const { exitCode, stdout, stderr } = await sealift(
      author.home,
      ...['keys', 'init', '--server', server.url, '--token', server.token, '--json'],
    );
    expect(stderr).toBe('making the keys\n');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ uploaded: true });
  });

  test('a product is added and a release published', async () => {
    const added = await sealift(author.home, 'product', 'add', 'gateway', '--hardware', 'rpi4');
    expect(added).toMatchObject({ exitCode: 0 });

    const { exitCode, stdout } = await sealift(author.home, ...publish('1.0.0'), '--json');
    expect(exitCode).toBe(0);
    const { manifestSha256 } = JSON.parse(stdout) as { manifestSha256: string };
    expect(await author.json('release', 'show', 'gateway', '1.0.0')).toMatchObject({
      manifestSha256,
      hardwareIds: ['rpi4'],
      state: 'published',
    });
  });

  test('the same release again is there already; other bytes are refused', async () => {
    expect(await author.json(...publish('1.0.0'))).toMatchObject({ version: '1.0.0' });
    expect(await author.refused(...publish('1.0.0', '--notes', 'x'))).toBe('release_exists');
  });

  test('two authors who publish at once both succeed', async () => {
    const home = await newHome();
    await cp(author.home, home, { recursive: true });
    const colleague = operatorAt(home, realClock);

    await Promise.all([author.json(...publish('1.0.1')), colleague.json(...publish('1.0.2'))]);

    const { releases } = await author.json('release', 'list', '--product', 'gateway');
    const versions = (releases as { version: string }[]).map(({ version }) => version);
    expect(versions.sort()).toEqual(['1.0.0', '1.0.1', '1.0.2']);
  });

  test('devices enrol by a token, wait, are accepted and retired', async () => {
    const create = ['token', 'create', '--kind', 'enrolment', '--name', 'line', '--uses', '2'];
    const { token } = await author.json(...create, '--pending');
    expect(await enrolDevice('gw-1', String(token))).toBe('pending');
    expect(await enrolDevice('gw-2', String(token))).toBe('pending');

    expect((await author.run('device', 'list', '--state', 'pending')).stdout).toContain('gw-1');
    expect(await author.json('device', 'accept', 'gw-1')).toMatchObject({ state: 'accepted' });
    expect(await author.json('device', 'reject', 'gw-2')).toMatchObject({ state: 'rejected' });
    expect(await author.json('device', 'show', 'gw-1')).toMatchObject({ state: 'accepted' });
    expect((await author.run('device', 'show', 'gw-1')).stdout).toContain('accepted');
    expect(await author.refused('device', 'show', 'nobody')).toBe('unknown_device');
  });

  test('a rollout starts, pauses, goes on and is aborted, and a watch says so by its code', async () => {
    const start = ['rollout', 'start', '--product', 'gateway', '--version', '1.0.0'];
    const { id } = await author.json(...start, '--phases', '20,100');
    const rollout = String(id);
    expect(await author.refused(...start)).toBe('rollout_running');

    expect(await author.json('rollout', 'pause', rollout)).toMatchObject({ state: 'paused' });
    expect(await author.refused('rollout', 'pause', rollout)).toBe('not_allowed');
    expect(await author.json('rollout', 'resume', rollout)).toMatchObject({ state: 'running' });
    expect((await author.run('rollout', 'status', rollout)).stdout).toContain('20%');
    expect(await author.json('rollout', 'abort', rollout)).toMatchObject({ state: 'aborted' });
    expect((await sealift(author.home, 'rollout', 'watch', rollout)).exitCode).toBe(3);
    expect((await author.run('rollout', 'list')).stdout).toContain('aborted');
  });

  test('Ctrl-C ends a watch at once and without an error', async () => {
    const start = ['rollout', 'start', '--product', 'gateway', '--version', '1.0.1'];
    const { id } = await author.json(...start);
    const child = spawn(
      process.execPath,
      [...PROGRAM, 'rollout', 'watch', String(id), '--interval', '3600'],
      { env: { ...process.env, SEALIFT_HOME: author.home }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const errors: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (part: string) => errors.push(part));
    await once(child.stdout, 'data'); // it has drawn the rollout and waits
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([130, null]);
    expect(errors.join('')).toBe('');
    await author.json('rollout', 'abort', String(id));
  });

  test('a token of a role may do what the role may, and no more', async () => {
    const create = ['token', 'create', '--kind', 'operator', '--name', 'eve', '--role', 'viewer'];
    const { token } = await author.json(...create);
    const env = {
      SEALIFT_HOME: author.home,
      SEALIFT_PASSPHRASE: PASSPHRASE,
      SEALIFT_TOKEN: String(token),
    };
    const viewer = operatorAt(author.home, { ...realClock, env });
    expect(await viewer.json('product', 'list')).toHaveProperty('products');
    expect(await viewer.refused(...create)).toBe('forbidden');
  });

  test('the audit trail of all this is whole', async () => {
    const { entries } = await author.json('audit', 'verify');
    expect(entries).toBeGreaterThan(10);
    expect(await author.json('audit', 'verify')).toMatchObject({ entries });
    expect((await author.run('audit', 'list')).stdout).toContain('release_published');
  });
});
