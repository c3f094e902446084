// From the author's desk to a device that has never seen a network: the real server and the real agent
// as processes of their own, and the operator's program between them.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { tarOf } from '../../firmware-fixtures/archive.ts';
import { runAgentCommand, startAgent } from '../support/agent-process.ts';
import { runningVersion, testConfig } from '../support/test-agent.ts';
import { filesOf } from '../support/test-archive.ts';
import { newHome, operatorAt, type Operator } from './operator.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }); // processes on a busy machine

const SBOM = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [] };

let server: ServerProcess;
let author: Operator;
let folder: string;
/** Of the device `far-1`, which nobody has enrolled. */
let configPath: string;

beforeAll(async () => {
  server = await startServerProcess();
  author = operatorAt(await newHome(), { now: () => new Date() });
  await author.json('keys', 'init', '--server', server.url, '--token', server.token, '--single');
  await author.json('product', 'add', 'gateway', '--hardware', 'rpi4');
  folder = await mkdtemp(join(tmpdir(), 'sealift-export-'));
  await publish('1.0.0');
  for (const name of ['image', 'director']) {
    const root = join(author.home, 'metadata', name, '1.root.json');
    await cp(root, join(folder, `${name}.root.json`));
  }
  configPath = join(folder, 'agent.json');
  await configure({ server: { http: 'http://127.0.0.1:9' } }); // nobody is there
});

afterAll(() => server.stop());

async function configure(changes: object): Promise<void> {
  const config = { ...testConfig(server), deviceId: 'far-1', ...changes };
  await writeFile(configPath, JSON.stringify(config));
}

async function publish(version: string): Promise<void> {
  await writeFile(join(folder, 'artifact.tar'), tarOf(filesOf(version)));
  await writeFile(join(folder, 'sbom.cdx.json'), JSON.stringify(SBOM));
  await author.json(
    ...['release', 'publish', '--product', 'gateway', '--version', version, '--epoch', '1'],
    ...['--class', 'functional', '--artifact', join(folder, 'artifact.tar')],
    ...['--sbom', join(folder, 'sbom.cdx.json')],
  );
}

const exported = (version: string, out: string, ...more: readonly string[]): readonly string[] => [
  ...['release', 'export', 'gateway', version, '--out', join(folder, out)],
  ...more,
];

const install = (bundle: string, ...more: readonly string[]): ReturnType<typeof runAgentCommand> =>
  runAgentCommand(['install', join(folder, bundle), '--config', configPath, ...more]);

const version = async (): Promise<string | undefined> =>
  (await runningVersion(join(folder, 'slots')))?.version;

describe('a release on a stick', { concurrent: false }, () => {
  test('is not exported before the holders of the director root allow it', async () => {
    expect(await author.refused(...exported('1.0.0', 'a.tar', '--device', 'far-1'))).toBe(
      'offline_not_granted',
    );

    await author.json('keys', 'offline', '30', '--yes');
    expect(await author.refused('keys', 'offline', '30', '--yes')).toBe('nothing_to_change');
  });

  test('is exported for a device that was never online, for no longer than is allowed', async () => {
    const more = ['--device', 'far-1', '--device', 'far-2', '--valid-days'];
    expect(await author.refused(...exported('1.0.0', 'b.tar', ...more, '31'))).toBe(
      'offline_not_granted',
    );
    expect(await author.json(...exported('1.0.0', 'b.tar', ...more, '7'))).toMatchObject({
      devices: ['far-1', 'far-2'],
    });
    expect(await author.refused(...exported('1.0.0', 'b.tar', ...more, '7'))).toBe('bundle_exists');
  });

  test('without a device it is for every accepted one, of which there is none yet', async () => {
    expect(await author.refused(...exported('1.0.0', 'c.tar'))).toBe('no_devices');
  });

  test('installs where nobody can be asked, and says so line by line', async () => {
    const { code, stdout } = await install('b.tar');

    expect(stdout).toContain('1.0.0: downloading');
    expect(stdout).toContain('1.0.0: committed');
    expect(code).toBe(0);
    expect(await version()).toBe('1.0.0');
  });

  test('is nothing to do the second time', async () => {
    const { code, stdout } = await install('b.tar', '--json');

    expect(code).toBe(0);
    expect(stdout).toContain('"event":"install_ended","device":"far-1","end":"nothing"');
  });

  test('a folder is read as well; another device finds no word in it', async () => {
    await publish('1.1.0');
    await author.json(...exported('1.1.0', 'stick', '--device', 'far-1'));
    await configure({ server: { http: 'http://127.0.0.1:9' }, deviceId: 'far-9', stateDir: 's9' });
    const other = await install('stick', '--json');
    await configure({ server: { http: 'http://127.0.0.1:9' } });

    expect(other.code).toBe(3);
    expect(other.stdout).toContain('bundle_malformed');
    expect((await install('stick')).code).toBe(0);
    expect(await version()).toBe('1.1.0');
    expect((await install('b.tar', '--json')).stdout).toContain('version_rolled_back');
  });

  test('waits for an agent that runs on the device: it says who, and touches nothing', async () => {
    await author.json(...exported('1.1.0', 'd.tar', '--device', 'far-1'));
    const agent = startAgent(['run', '--config', configPath]);
    await agent.saw(({ event }) => event === 'agent_started');

    const { code, stderr } = await install('d.tar');

    agent.kill('SIGTERM');
    await agent.ended;
    expect(code).toBe(1);
    expect(stderr).toContain('another agent');
  });

  test('a bundle that is not there, or none at all, is the fault of who asks', async () => {
    expect((await install('nowhere.tar')).code).toBe(1);
    expect((await runAgentCommand(['install', '--config', configPath])).code).toBe(2);
  });

  test('its proof arrives when the device comes online one day, and is believed', async () => {
    const create = ['token', 'create', '--kind', 'enrolment', '--name', 'one', '--uses', '1'];
    const { token } = await author.json(...create);
    await configure({ enrolmentToken: token });

    expect((await runAgentCommand(['run', '--once', '--config', configPath])).code).toBe(0);

    const device = await author.json('device', 'show', 'far-1');
    expect(JSON.stringify(device)).toContain('"1.1.0"');
    const { lastReports } = device as { lastReports: { kind: string }[] };
    expect(lastReports.map(({ kind }) => kind)).toContain('receipt');
    // And it is told to stay there: nothing leads it back.
    expect((await runAgentCommand(['run', '--once', '--config', configPath])).code).toBe(0);
    expect(await version()).toBe('1.1.0');
  });

  test('a blob that the server spoils leaves no bundle behind', async () => {
    const lying = operatorAt(author.home, {
      now: () => new Date(),
      fetch: async (url, init) =>
        JSON.stringify(url).includes('/blobs/') ? new Response('x') : fetch(url, init),
    });

    expect(await lying.refused(...exported('1.1.0', 'e.tar', '--device', 'far-1'))).toBe(
      'blob_wrong',
    );
    await expect(readFile(join(folder, 'e.tar'))).rejects.toThrow('ENOENT');
    await rm(join(folder, 'stick'), { recursive: true });
    await author.json(...exported('1.1.0', 'stick', '--device', 'far-1'));
  });
});
