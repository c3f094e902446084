// A15: files come, one drop at a time, and would never be there. Uptane 5.4: slowness is watched for,
// and the director is told. A slow line that is honest must still bring its update home.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ServerResponse } from 'node:http';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { ReportEvent } from '../../shared/protocol/report.ts';
import { tarOf } from '../../firmware-fixtures/archive.ts';
import { startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import { provisionDevice, type TestDevice } from '../support/test-agent.ts';
import { offerRelease } from '../support/test-archive.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let server: DeviceServer;
let device: TestDevice;

/** Bytes of the artifact that went over the wire, in all tries together. */
let sentBytes: number;

const MIB = 1_024 * 1_024;
/** Half a second instead of a minute: at least 2,000 bytes in each. */
const RETRIEVAL = { minBytesPerSecond: 4_000, windowSeconds: 0.5, idleSeconds: 5 };

beforeEach(async () => {
  sentBytes = 0;
  server = await startDeviceServer();
  device = await provisionDevice(server);
  await device.configure({ retrieval: RETRIEVAL });
});

afterEach(() => server.stop());

const noticed = (): readonly ReportEvent[] =>
  server.reports.map(({ event }) => event).filter(({ kind }) => kind === 'noticed');

/** Sends `bytes` so many at a time, until they are out or nobody listens. */
function trickle(
  response: ServerResponse,
  bytes: Buffer,
  each: { bytes: number; ms: number },
): void {
  let at = 0;
  const drop = setInterval(() => {
    const part = bytes.subarray(at, at + each.bytes);
    at += part.length;
    sentBytes += part.length;
    response.write(part);
    if (at >= bytes.length) response.end();
  }, each.ms);
  response.on('close', () => {
    clearInterval(drop);
  });
}

/** The rest of the artifact that a request asks for. */
function restOf(range: string | undefined): { readonly from: number; readonly bytes: Buffer } {
  const [bytes] = [...server.blobs.values()];
  if (bytes === undefined) throw new Error('bug: no artifact');
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  return { from, bytes: bytes.subarray(from) };
}

function slowBlobs(each: { bytes: number; ms: number }, headStart = 0): void {
  server.intercept = ({ url = '', headers }, response) => {
    if (!url.startsWith('/blobs/')) return false;
    const { from, bytes } = restOf(headers.range);
    const length = from + bytes.length;
    const etag = `"${url.slice(-64)}"`;
    response.writeHead(from === 0 ? 200 : 206, {
      etag,
      'content-length': bytes.length,
      ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${length - 1}/${length}` }),
    });
    sentBytes += Math.min(headStart, bytes.length);
    response.write(bytes.subarray(0, headStart));
    trickle(response, bytes.subarray(headStart), each);
    return true;
  };
}

describe('an artifact that drips', () => {
  test('is given up after a few tries, and the server is told in the next report', async () => {
    offerRelease(server, '1.0.0');
    slowBlobs({ bytes: 1, ms: 20 });

    expect(await device.runOnce()).toBe('later');

    expect(noticed()).toMatchObject([
      { kind: 'noticed', attack: 'slow_retrieval', times: 1, code: 'slow_retrieval' },
    ]);
    expect(server.reports.map(({ event }) => event.kind)).not.toContain('failed');
    expect(await device.running()).toBeUndefined();

    server.intercept = () => false;
    expect(await device.runOnce()).toBe('committed'); // nothing was held against the release
  });

  test('is told again only when it has doubled', async () => {
    offerRelease(server, '1.0.0');
    slowBlobs({ bytes: 1, ms: 20 });

    for (let polls = 1; polls <= 3; polls += 1) expect(await device.runOnce()).toBe('later');

    expect(noticed()).toMatchObject([{ times: 1 }, { times: 2 }]);
  });

  test('begins where the try before it stood: no more than 1 MiB is fetched twice', async () => {
    const version = Buffer.from('1.0.0');
    const noise = Buffer.alloc(4 * MIB, 'sealed ');
    const files = [
      { path: 'noise', mode: 0o644, bytes: noise },
      { path: 'version', mode: 0o644, bytes: version },
    ];
    offerRelease(server, '1.0.0', { files });
    slowBlobs({ bytes: 1, ms: 20 }, MIB + 1);

    expect(await device.runOnce()).toBe('later'); // three tries, each too slow after a good start
    expect(await device.runOnce()).toBe('committed');

    expect(sentBytes).toBeLessThanOrEqual(tarOf(files).length + MIB);
  });
});

test('an artifact that comes slowly and steadily, through many windows, is installed', async () => {
  offerRelease(server, '1.0.0');
  slowBlobs({ bytes: 512, ms: 50 }); // 10 kB/s in a line that must bring 4

  expect(await device.runOnce()).toBe('committed');

  expect(noticed()).toEqual([]);
});

test('an artifact that comes in bursts, with silence between, is installed as well', async () => {
  offerRelease(server, '1.0.0');
  slowBlobs({ bytes: 4_096, ms: 400 }); // an honest radio link

  expect(await device.runOnce()).toBe('committed');

  expect(noticed()).toEqual([]);
});

describe.each([
  ['the assignment', (url: string) => url.startsWith('/device/v1/assignment'), 'unreachable'],
  ['the image timestamp', (url: string) => url === '/image/timestamp.json', 'later'],
  ['the manifest', (url: string) => url.startsWith('/image/targets/'), 'later'],
])('%s that drips', (_name, isIt, end) => {
  test('is given up, and the server is told', async () => {
    offerRelease(server, '1.0.0');
    server.intercept = ({ url = '' }, response) => {
      if (!isIt(url)) return false;
      trickle(response, Buffer.alloc(2_000, ' '), { bytes: 1, ms: 20 });
      return true;
    };

    expect(await device.runOnce()).toBe(end);
    server.intercept = () => false;
    expect(await device.runOnce()).toBe('committed');

    expect(noticed()).toMatchObject([{ attack: 'slow_retrieval' }]);
  });
});

test('the hash of what came slowly is checked as of what came fast', async () => {
  offerRelease(server, '1.0.0');
  const [entry] = [...server.blobs];
  if (entry === undefined) throw new Error('bug: no artifact');
  const [sha256, bytes] = entry;
  const evil = Buffer.from(bytes);
  evil.write('evil', 600);
  server.blobs.set(sha256, evil);
  slowBlobs({ bytes: 1_024, ms: 20 });

  expect(await device.runOnce()).toBe('refused');

  expect(sha256Hex(evil)).not.toBe(sha256);
  expect(server.reports.at(-1)?.event).toMatchObject({ code: 'artifact_hash_mismatch' });
});
