import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ReportEvent } from '../../shared/protocol/report.ts';
import { rememberRecalls } from '../../agent/recall/remember-recalls.ts';
import { firstState } from '../../agent/state/agent-state.ts';
import { STATE_FORM } from '../../agent/state/state-form.ts';
import { FLOORS_FORM } from '../../agent/verify/floors-file.ts';
import { startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import { provisionDevice, type TestDevice } from '../support/test-agent.ts';
import { offerRelease } from '../support/test-archive.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // processes on a busy machine

let server: DeviceServer;
let device: TestDevice;

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
});

afterEach(() => server.stop());

const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;
const kinds = (): readonly string[] => server.reports.map(({ event }) => event.kind);

async function stateOf(): Promise<Record<string, unknown>> {
  const text = await readFile(join(device.folder, 'state', 'state.json'), 'utf8');
  return (JSON.parse(text) as { value: Record<string, unknown> }).value;
}

/** The author recalls the release at the first request that `when` matches. */
function recallAt(path: string, when: (url: string) => boolean): void {
  let done = false;
  server.intercept = (request) => {
    if (!done && when(request.url ?? '')) {
      done = true;
      server.fleet.recall(path);
    }
    return false;
  };
}

describe('a release that is recalled while its update is under way', () => {
  test('is refused after the download, and nothing was written', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();
    const path = offerRelease(server, '1.1.0');
    recallAt(path, (url) => url.startsWith('/blobs/'));

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ code: 'release_recalled', release: { version: '1.1.0' } });
    expect(kinds()).not.toContain('rolled_back');
    expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
  });

  test('is refused when the server withholds its files, which is no broken world', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();
    const path = offerRelease(server, '1.1.0');
    server.intercept = (request, response) => {
      if (request.url?.startsWith('/blobs/') !== true) return false;
      server.fleet.recall(path);
      response.writeHead(410).end();
      return true;
    };

    expect(await device.runOnce()).toBe('refused');
    expect(last()).toMatchObject({ code: 'release_recalled', release: { version: '1.1.0' } });
  });

  test('is rolled back after its trial: there is still something to go back to', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();
    const path = offerRelease(server, '1.1.0');
    let asked = 0; // the first is the poll, the second the trial reaching the server
    recallAt(path, (url) => url === '/device/v1/assignment' && (asked += 1) === 2);

    expect(await device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ kind: 'rolled_back', reason: 'recalled', stage: 'trial' });
    expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
    expect(await stateOf()).toMatchObject({ releaseCounter: 1 });
  });

  test('is installed when nobody can say so: a server that is away stops nothing', async () => {
    offerRelease(server, '1.0.0');
    let hasBlob = false;
    server.intercept = (request, response) => {
      hasBlob ||= request.url?.startsWith('/blobs/') === true;
      if (!hasBlob || request.url?.startsWith('/image/') !== true) return false;
      response.destroy();
      return true;
    };

    expect(await device.runOnce()).toBe('committed');
    expect(device.events.map(({ event }) => event)).toContain('recalls_unknown');
  });
});

describe('a recall that a device has seen', () => {
  test('is remembered by the hash of the manifest', async () => {
    const path = offerRelease(server, '1.0.0');
    server.fleet.recall(path);
    server.fleet.assign(path);

    expect(await device.runOnce()).toBe('refused');

    const role = server.fleet.image.delegated.get('gateway');
    expect(await stateOf()).toMatchObject({
      recalledReleases: [role?.targets[path]?.hashes.sha256],
    });
  });

  test('outlives every metadata file and floor, so that older metadata brings nothing back', async () => {
    const path = offerRelease(server, '1.0.0');
    const role = server.fleet.image.delegated.get('gateway');
    const before = { ...role?.targets };
    server.fleet.recall(path);
    server.fleet.assign(path);
    await device.runOnce();
    for (const name of ['metadata', 'floors.json', 'floors.backup.json']) {
      await rm(join(device.folder, 'state', name), { recursive: true });
    }
    if (role !== undefined) role.targets = before;
    server.fleet.assign(path);

    expect(await device.runOnce()).toBe('refused');
    expect(last()).toMatchObject({ code: 'release_recalled' });
  });

  test('of what runs is reported once, when nothing else is assigned', async () => {
    const path = offerRelease(server, '1.0.0');
    await device.runOnce();
    server.fleet.recall(path);
    server.fleet.assign();

    expect(await device.runOnce()).toBe('nothing');
    server.fleet.assign();
    expect(await device.runOnce()).toBe('nothing');

    expect(kinds().filter((kind) => kind === 'recalled')).toHaveLength(1);
    expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
  });

  test('is one of a bounded number: the latest are kept', () => {
    const hashes = Array.from({ length: 300 }, (_, at) => at.toString(16).padStart(64, '0'));

    const { recalledReleases } = rememberRecalls(firstState(), hashes);

    expect(recalledReleases).toEqual(hashes.slice(-256));
    expect(rememberRecalls({ ...firstState(), recalledReleases }, recalledReleases)).toMatchObject({
      recalledReleases,
    });
  });
});

describe('the committed release counter', () => {
  test('is raised by a commit, in the state and in the floors', async () => {
    offerRelease(server, '1.0.0');
    offerRelease(server, '1.1.0');
    await device.runOnce();

    const text = await readFile(join(device.folder, 'state', 'floors.json'), 'utf8');
    expect(await stateOf()).toMatchObject({ releaseCounter: 2 });
    expect(JSON.parse(text)).toMatchObject({ value: { releaseCounter: 2 } });
  });

  test.each(['state', 'floors'])('holds when %s was lost', async (lost) => {
    const older = offerRelease(server, '1.0.0');
    offerRelease(server, '1.1.0');
    await device.runOnce();
    for (const name of [`${lost}.json`, `${lost}.backup.json`]) {
      await writeFile(join(device.folder, 'state', name), 'torn');
    }
    server.fleet.assign(older);

    expect(await device.runOnce()).toBe('refused');
    expect(last()).toMatchObject({ code: 'release_counter_rolled_back' });
  });

  test('does not keep a device from going back after a trial that failed', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();
    offerRelease(server, '1.1.0');
    await device.configure({
      trial: {
        probes: [{ kind: 'command', command: ['false'] }],
        holdSeconds: 0,
        deadlineSeconds: 0.1,
        intervalSeconds: 0.02,
      },
    });

    expect(await device.runOnce()).toBe('rolled_back');

    expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
    expect(await stateOf()).toMatchObject({ releaseCounter: 1 });
  });

  test('rises with the running release when its author counts it up', async () => {
    const older = offerRelease(server, '1.0.0');
    await device.runOnce();
    const newer = offerRelease(server, '1.1.0');
    server.fleet.reissue(older);
    server.fleet.assign(older);
    expect(await device.runOnce()).toBe('nothing');
    server.fleet.assign(newer);

    expect(await device.runOnce()).toBe('refused');
    expect(last()).toMatchObject({ code: 'release_counter_rolled_back' });
  });

  test('of files that an agent of 0.1.0 wrote is none', () => {
    const { releaseCounter, recalledReleases, reportedRecall, ...state } = firstState();
    const floors = { image: { listed: {}, roles: {} }, director: { listed: {}, roles: {} } };
    const old = { ...floors, securityEpoch: 3, time: '2026-01-01T00:00:00.000Z' };

    expect({ releaseCounter, recalledReleases, reportedRecall }).toEqual({
      releaseCounter: 0,
      recalledReleases: [],
      reportedRecall: null,
    });
    expect(STATE_FORM.schema.parse(state)).toEqual(firstState());
    expect(FLOORS_FORM.schema.parse(old)).toMatchObject({ securityEpoch: 3, releaseCounter: 0 });
  });
});
