import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startAgent } from '../support/agent-process.ts';
import { startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import { provisionDevice, type TestDevice } from '../support/test-agent.ts';
import { filesOf, offerRelease } from '../support/test-archive.ts';

vi.setConfig({ testTimeout: 150_000, hookTimeout: 60_000 }); // processes on a busy machine

const MIB = 1_024 * 1_024;
const ARTIFACT_BYTES = 8 * MIB;
/** Just short of what would be written next: as much as possible is still in the agent's memory. */
const SENT_BYTES = 6 * MIB - 64 * 1_024;

let server: DeviceServer;
let device: TestDevice;

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
});

afterEach(() => server.stop());

test('a download whose agent is killed goes on with no more than 1 MiB fetched twice', async () => {
  const filling = { path: 'filling', mode: 0o644, bytes: Buffer.alloc(ARTIFACT_BYTES, 'x') };
  offerRelease(server, '1.0.0', { files: [...filesOf('1.0.0'), filling] });
  const [[sha256, bytes] = ['', Buffer.of()]] = server.blobs;
  server.intercept = (request, response) => {
    if (request.url?.startsWith('/blobs/') !== true) return false;
    response.writeHead(200, { etag: `"${sha256}"`, 'content-length': bytes.length });
    response.write(bytes.subarray(0, SENT_BYTES)); // and then nothing: the line hangs
    return true;
  };
  const agent = startAgent(['run', '--config', device.configPath]);
  const partial = join(device.folder, 'state', 'downloads', `${sha256}.unverified`);
  const written = (): Promise<number> =>
    stat(partial).then(
      ({ size }) => size,
      () => 0,
    );
  await expect.poll(written, { timeout: 100_000 }).toBeGreaterThanOrEqual(SENT_BYTES - MIB);
  agent.kill('SIGKILL');
  await agent.ended;

  const ranges: string[] = [];
  server.intercept = ({ url, headers }) => {
    if (url?.startsWith('/blobs/') === true) ranges.push(headers.range ?? 'all of it');
    return false;
  };
  await device.runOnce();
  expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });

  const [range = ''] = ranges;
  const resumedAt = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
  expect(ranges).toHaveLength(1);
  expect(resumedAt).toBeGreaterThanOrEqual(SENT_BYTES - MIB);
});
