import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { feedWatchdog, type Watchdog } from '../../../agent/health/watchdog.ts';
import { openWatchdogDevice } from '../../../agent/health/watchdog-device.ts';
import { describeWith } from '../../operator/signers/tools.ts';
import { openSystemdWatchdog } from '../../../agent/health/watchdog-systemd.ts';

describe('a watchdog in a trial', () => {
  let events: string[];
  let dog: Watchdog;

  beforeEach(() => {
    vi.useFakeTimers();
    events = [];
    const note = (event: string) => () => {
      events.push(event);
      return Promise.resolve();
    };
    dog = feedWatchdog({
      open: async () => {
        await note('opened')();
        return { feed: note('fed'), release: note('released') };
      },
      intervalMs: 1_000,
      milliseconds: () => performance.now(),
      onTrouble: (detail) => events.push(detail),
    });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test('is fed while the trial moves, and let go only by a good end', async () => {
    await dog.arm();
    dog.extend(10_000);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(events).toEqual(['opened', 'fed', 'fed', 'fed', 'fed']);

    await dog.disarm();
    await vi.advanceTimersByTimeAsync(5_000);

    expect(events).toEqual(['opened', 'fed', 'fed', 'fed', 'fed', 'released']);
  });

  test('is not fed any more when the trial is stuck, although the agent still runs', async () => {
    await dog.arm();
    dog.extend(2_500);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(events).toEqual(['opened', 'fed', 'fed', 'fed']);
  });

  test('is armed once, and again in the next trial', async () => {
    await dog.arm();
    await dog.arm();
    await dog.disarm();
    await dog.disarm();
    await dog.arm();
    expect(events.filter((event) => event === 'opened')).toHaveLength(2);
    expect(events.filter((event) => event === 'released')).toHaveLength(1);
  });
});

describe('/dev/watchdog', () => {
  test('takes bytes, and the magic letter at a good end', async () => {
    const line = await openWatchdogDevice('/dev/null'); // a device that swallows all of it
    await line.feed();
    await line.release();
    await expect(line.feed()).rejects.toThrow(); // closed
  });

  test('is never made up: a file, or nothing, is no watchdog', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sealift-dog-'));
    const path = join(folder, 'watchdog');
    await expect(openWatchdogDevice(path)).rejects.toThrow('ENOENT');
    await writeFile(path, '');
    await expect(openWatchdogDevice(path)).rejects.toThrow('is no watchdog');
    expect(await readFile(path, 'utf8')).toBe('');
  });
});

describe("systemd's watchdog", () => {
  const path = process.env['PATH'] ?? '';
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealift-notify-'));
    process.env['PATH'] = `${folder}${delimiter}${path}`;
  });

  afterEach(() => {
    process.env['PATH'] = path;
  });

  async function fakeNotify(body: string): Promise<void> {
    await writeFile(join(folder, 'systemd-notify'), `#!/bin/sh\n${body}\n`);
    await chmod(join(folder, 'systemd-notify'), 0o755);
  }

  test('is given a time for the trial, signs of life, and an end', async () => {
    await fakeNotify('echo "$@" >> said');

    const line = await openSystemdWatchdog({ timeoutMs: 60_000, folder });
    await line.feed();
    await line.release();

    const said = await readFile(join(folder, 'said'), 'utf8');
    expect(said).toBe('WATCHDOG_USEC=60000000\nWATCHDOG=1\nWATCHDOG_USEC=0\n');
  });

  test('that is not there is an error of the platform, with words', async () => {
    await fakeNotify('echo no socket >&2; exit 1');
    await expect(openSystemdWatchdog({ timeoutMs: 60_000, folder })).rejects.toThrow('no socket');
  });
});

// Node cannot receive datagrams of this kind either.
const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('ready', flush=True)
while True:
    said = s.recv(1000).decode()
    if said != 'BARRIER=1': print(said, flush=True)
`;

describeWith(['systemd-notify', 'python3'], "systemd's watchdog, through the real tool", () => {
  test('hears what it is told, in order', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sealift-notify-'));
    const socket = join(folder, 'notify');
    const receiver = spawn('python3', ['-c', RECEIVER, socket]);
    let heard = '';
    const lines = (): readonly string[] => heard.trim().split('\n');
    receiver.stdout.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    const before = process.env['NOTIFY_SOCKET'];
    try {
      await vi.waitFor(() => {
        expect(lines()).toEqual(['ready']);
      }, 20_000);
      process.env['NOTIFY_SOCKET'] = socket;

      const line = await openSystemdWatchdog({ timeoutMs: 30_000, folder });
      await line.feed();
      await line.release();

      await vi.waitFor(() => {
        expect(lines().slice(1)).toEqual([
          'WATCHDOG_USEC=30000000',
          'WATCHDOG=1',
          'WATCHDOG_USEC=0',
        ]);
      }, 20_000);
    } finally {
      if (before === undefined) delete process.env['NOTIFY_SOCKET'];
      else process.env['NOTIFY_SOCKET'] = before;
      receiver.kill();
    }
  }, 60_000);
});
