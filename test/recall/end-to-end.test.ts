// From the author's command to the slot of a device: the real server as its own process, the real
// operator program and the real agent, in the order of a bad week.
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { loadConfig } from '../../agent/config/load-config.ts';
import { openAgent } from '../../agent/open-agent.ts';
import { runAgent, type RunEnd } from '../../agent/run-agent.ts';
import { tarOf } from '../../firmware-fixtures/archive.ts';
import { newHome, operatorAt, type Operator } from '../operator/operator.ts';
import { startServerProcess, type ServerProcess } from '../operator/server-process.ts';
import { runningVersion, testAmbient, testConfig } from '../support/test-agent.ts';
import { filesOf } from '../support/test-archive.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }); // processes on a busy machine

const SBOM = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [] };

let server: ServerProcess;
let author: Operator;

/** A device on a disk of its own; each run is one start of its agent. */
class Device {
  readonly id: string;
  readonly folder: string;

  constructor(id: string, folder: string) {
    this.id = id;
    this.folder = folder;
  }

  async run(): Promise<RunEnd> {
    const config = await loadConfig(join(this.folder, 'agent.json'));
    return runAgent(await openAgent(config, testAmbient()), true);
  }

  async version(): Promise<string | undefined> {
    return (await runningVersion(join(this.folder, 'slots')))?.version;
  }

  async state(): Promise<Record<string, unknown>> {
    const text = await readFile(join(this.folder, 'state', 'state.json'), 'utf8');
    return (JSON.parse(text) as { value: Record<string, unknown> }).value;
  }
}

async function enrol(id: string): Promise<Device> {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-recall-'));
  for (const repository of ['image', 'director']) {
    const root = join(author.home, 'metadata', repository, '1.root.json');
    await cp(root, join(folder, `${repository}.root.json`));
  }
  const create = ['token', 'create', '--kind', 'enrolment', '--name', id, '--uses', '1'];
  const { token } = await author.json(...create);
  const config = { ...testConfig(server), deviceId: id, enrolmentToken: token };
  await writeFile(join(folder, 'agent.json'), JSON.stringify(config));
  const device = new Device(id, folder);
  expect(await device.run()).toBe('nothing');
  return device;
}

async function publish(version: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-release-'));
  await writeFile(join(folder, 'artifact.tar'), tarOf(filesOf(version)));
  await writeFile(join(folder, 'sbom.cdx.json'), JSON.stringify(SBOM));
  await author.json(
    ...['release', 'publish', '--product', 'gateway', '--version', version, '--epoch', '1'],
    ...['--class', 'functional', '--artifact', join(folder, 'artifact.tar')],
    ...['--sbom', join(folder, 'sbom.cdx.json')],
  );
}

const start = (version: string): readonly string[] => [
  ...['rollout', 'start', '--product', 'gateway', '--version', version, '--phases', '100'],
  ...['--success', '1', '--failure', '100'],
];

const shown = (version: string): Promise<Record<string, unknown>> =>
  author.json('release', 'show', 'gateway', version);

beforeAll(async () => {
  server = await startServerProcess();
  author = operatorAt(await newHome(), { now: () => new Date() });
  const login = ['--server', server.url, '--token', server.token];
  await author.json('keys', 'init', ...login, '--single');
  await author.json('product', 'add', 'gateway', '--hardware', 'rpi4');
});

afterAll(() => server.stop());

describe('in the order of a bad week', { concurrent: false }, () => {
  const fleet: Record<'here' | 'late', Device | undefined> = { here: undefined, late: undefined };
  const here = (): Device => fleet.here ?? never();
  const late = (): Device => fleet.late ?? never();

  test('devices run the first release, then the second', async () => {
    fleet.here = await enrol('here');
    fleet.late = await enrol('late');
    for (const version of ['1.0.0', '1.1.0']) {
      await publish(version);
      await author.json(...start(version));
      expect(await here().run()).toBe('committed');
      expect(await late().run()).toBe('committed');
    }

    expect(await here().version()).toBe('1.1.0');
    expect(await here().state()).toMatchObject({ releaseCounter: 2 });
  });

  test('an older release is not rolled out again: its devices would refuse it', async () => {
    expect(await author.refused(...start('1.0.0'))).toBe('release_counter_lower');
  });

  test('a third release is offered, and one device is away', async () => {
    await publish('1.2.0');
    await author.json(...start('1.2.0'));

    expect(await here().run()).toBe('committed');
  });

  test('the author recalls it while its rollout runs, and sends devices back', async () => {
    await author.json(
      ...['release', 'recall', 'gateway', '1.2.0', '--reason', 'fills the flash'],
      ...['--move-to', '1.1.0'],
    );

    expect(await shown('1.2.0')).toMatchObject({
      state: 'recalled',
      recall: { reason: 'fills the flash', moveTo: '1.1.0' },
      runningOn: { count: 1, devices: ['here'] },
    });
    expect(await shown('1.1.0')).toMatchObject({ state: 'published', releaseCounter: 4 });
    const { rollouts } = await author.json('rollout', 'list');
    expect(rollouts).toContainEqual(
      expect.objectContaining({
        version: '1.2.0',
        state: 'aborted',
        reason: '1.2.0 was recalled: fills the flash',
      }),
    );
    expect(rollouts).toContainEqual(
      expect.objectContaining({ version: '1.1.0', state: 'running' }),
    );
  });

  test('who runs it goes back, by a release of the same epoch and a lower version', async () => {
    expect(await here().run()).toBe('committed');

    expect(await here().version()).toBe('1.1.0');
    expect(await here().state()).toMatchObject({ releaseCounter: 4 });
    expect(await shown('1.2.0')).toMatchObject({ runningOn: { count: 0 } });
  });

  test('who was away never installs it, and remembers that it is recalled', async () => {
    expect(await late().run()).toBe('nothing');

    const { manifestSha256 } = await shown('1.2.0');
    expect(await late().version()).toBe('1.1.0');
    expect(await late().state()).toMatchObject({ recalledReleases: [manifestSha256] });
  });

  test('nobody rolls it out, reissues it or recalls it again', async () => {
    const reason = ['--reason', 'never mind'];

    expect(await author.refused(...start('1.2.0'))).toBe('release_recalled');
    expect(await author.refused('release', 'reissue', 'gateway', '1.2.0', ...reason)).toBe(
      'recall_final',
    );
    expect(await author.refused('release', 'recall', 'gateway', '1.2.0', ...reason)).toBe(
      'recall_final',
    );
  });

  test('its files are gone for devices, and stay for operators', async () => {
    const { manifest } = (await shown('1.2.0')) as {
      manifest: { artifacts: { sha256: string }[] };
    };
    const url = `${server.url}/blobs/sha256/${manifest.artifacts[0]?.sha256 ?? ''}`;
    const headers = { authorization: `Bearer ${server.token}` };

    expect((await fetch(url, { headers })).status).toBe(200);
  });

  test('going back without a recall takes the signature of the author', async () => {
    await author.json('release', 'reissue', 'gateway', '1.0.0', '--reason', 'a customer asked');
    await author.json(...start('1.0.0'));

    expect(await here().run()).toBe('committed');
    expect(await here().version()).toBe('1.0.0');
  });

  test('a recall of what runs everywhere leaves devices where they are, and they say so', async () => {
    expect(await late().run()).toBe('committed');
    await author.json('release', 'recall', 'gateway', '1.0.0', '--reason', 'leaks keys');

    expect(await here().run()).toBe('nothing');

    expect(await here().version()).toBe('1.0.0');
    expect(await shown('1.0.0')).toMatchObject({ runningOn: { count: 2 } });
    const { lastReports } = (await author.json('device', 'show', 'here')) as {
      lastReports: { kind: string }[];
    };
    expect(lastReports.map(({ kind }) => kind)).toContain('recalled');
    expect(await author.json('audit', 'verify')).toBeDefined();
  });
});

function never(): never {
  throw new Error('the first test of the week has not run');
}
