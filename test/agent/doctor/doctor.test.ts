import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { doctor } from '../../../agent/commands/doctor.ts';
import { loadConfig } from '../../../agent/config/load-config.ts';
import type { Ambient } from '../../../agent/ground.ts';
import { runAgentCommand } from '../../support/agent-process.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import { provisionDevice, testAmbient, type TestDevice } from '../../support/test-agent.ts';
import { offerRelease } from '../../support/test-archive.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: DeviceServer;
let device: TestDevice;
beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
});
afterEach(() => server.stop());

/** The exit code, and the names of what is wrong. */
async function examined(
  ambient: Partial<Ambient> = {},
): Promise<{ readonly code: number; readonly problems: readonly string[] }> {
  let said = '';
  const config = await loadConfig(device.configPath);
  const write = (text: string): void => {
    said += text;
  };
  const world = { ...testAmbient(), write, ...ambient };
  const code = await doctor({
    config,
    ambient: world,
    once: false,
    json: true,
    subject: undefined,
  });
  const { findings } = JSON.parse(said) as {
    findings: { name: string; ok: boolean; remedy?: string }[];
  };
  const problems = findings.filter(({ ok }) => !ok);
  expect(problems.every(({ remedy }) => remedy !== undefined && remedy !== '')).toBe(true);
  return { code, problems: problems.map(({ name }) => name) };
}

const HEALTHY = { code: 0, problems: [] };

describe('a device that could be updated', () => {
  test('is well before its first start, and looking changes nothing', async () => {
    const before = await readdir(device.folder);

    expect(await examined()).toEqual(HEALTHY);
    expect(await readdir(device.folder)).toEqual(before);
  });

  test('is well with a release that runs', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();

    expect(await examined()).toEqual(HEALTHY);
  });

  test('is well in words, line by line', async () => {
    const { code, stdout } = await runAgentCommand(['doctor', '--config', device.configPath]);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^well {5}state folder: /);
    expect(stdout).not.toContain('PROBLEM');
  });
});

describe('a device that could not', () => {
  test.each<[string, readonly string[], () => Promise<unknown>]>([
    ['its server is away', ['server'], () => server.stop()],
    ['its root is gone', ['image root'], () => rm(join(device.folder, 'image.root.json'))],
    [
      'its root is spoiled',
      ['director root'],
      () => writeFile(join(device.folder, 'director.root.json'), '{}'),
    ],
    ['it has no token', ['enrolment'], () => device.configure({ enrolmentToken: undefined })],
    [
      'its token file is not there',
      ['enrolment'],
      () => device.configure({ enrolmentToken: undefined, enrolmentTokenFile: 'token' }),
    ],
    [
      'the tool of its boot loader is missing',
      ['slot that runs', 'slot of the next start', 'state of slot a', 'state of slot b'],
      () =>
        device.configure({
          boot: {
            kind: 'command',
            command: ['./no-such-tool'],
            current: { from: 'argument', name: 'boot' },
          },
        }),
    ],
    [
      'everybody may write to its slots',
      ['slots folder'],
      async () => {
        await mkdir(join(device.folder, 'slots'));
        await chmod(join(device.folder, 'slots'), 0o777);
      },
    ],
  ])('says what to mend when %s', async (_name, problems, spoil) => {
    await spoil();
    expect(await examined()).toEqual({ code: 1, problems });
  });

  test('says so when the places of its images are not there', async () => {
    await device.configure({ slots: { rootfs: { a: 'a.img', b: '/dev/no-such-partition' } } });
    expect(await examined()).toEqual({
      code: 1,
      problems: ['spare slot of rootfs', 'running slot of rootfs'],
    });

    await writeFile(join(device.folder, 'a.img'), '');
    await writeFile(join(device.folder, 'b.img'), '');
    await device.configure({ slots: { rootfs: { a: 'a.img', b: 'b.img' } } });
    expect(await examined()).toEqual(HEALTHY);
  });

  test('says so when both copies of its key are damaged, and not for one', async () => {
    await device.open();
    await writeFile(join(device.folder, 'state', 'device-key.json'), 'x');
    expect(await examined()).toEqual(HEALTHY);
    await writeFile(join(device.folder, 'state', 'device-key.backup.json'), 'x');
    expect(await examined()).toEqual({ code: 1, problems: ['device key'] });
  });

  test('says so when its key can be read by others', async () => {
    await device.open();
    expect(await examined()).toEqual(HEALTHY);
    await chmod(join(device.folder, 'state', 'device-key.json'), 0o640);
    expect(await examined()).toEqual({ code: 1, problems: ['device key'] });
  });

  test('says so when its clock stands before the agent was built', async () => {
    const now = (): Date => new Date('2025-12-31T23:59:59Z');
    expect(await examined({ now })).toEqual({ code: 1, problems: ['clock'] });
    await device.configure({ clock: 'untrusted' });
    expect(await examined({ now })).toEqual(HEALTHY);
  });

  test('says so when its roots have expired', async () => {
    const problems = ['image root', 'director root'];
    expect(await examined({ now: () => new Date('2099-01-01T00:00:00Z') })).toMatchObject({
      code: 1,
      problems: expect.arrayContaining(problems) as string[],
    });
  });
});
