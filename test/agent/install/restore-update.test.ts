// A release that is a whole root file system: from its author to a device that runs as root.
import { execFileSync } from 'node:child_process';
import { chown, lstat, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { requireRestorable } from '../../../agent/install/restorable.ts';
import { runAgentCommand, startAgent } from '../../support/agent-process.ts';
import { describeAsRoot } from '../../support/as-root.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import { offerRoot } from '../../support/offer-root.ts';
import { makeRootTree, pack } from '../../support/root-archive.ts';
import { provisionDevice, type TestDevice } from '../../support/test-agent.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const refused: unknown = expect.objectContaining({ code: 'restore_unsupported' });

describe('whether a device can restore', () => {
  const ROOT = '000001ffffffffff';
  let statusFile: string;
  const toolPath = join(tmpdir(), 'sealift-no-programs');

  async function may(capabilities: string): Promise<void> {
    statusFile = join(await mkdtemp(join(tmpdir(), 'sealift-status-')), 'status');
    await writeFile(statusFile, `Name:\tnode\nCapPrm:\t${ROOT}\nCapEff:\t${capabilities}\n`);
  }

  test.each([
    ['root', ROOT],
    ['an agent that may just do that', '000000000000001b'],
  ])('owners: %s can', async (_, capabilities) => {
    await may(capabilities);
    await requireRestorable(['owners'], { statusFile, toolPath });
  });

  test.each([
    ['nobody in particular', '0000000000000000'],
    ['an agent that may not keep setgid bits', '000000000000000b'],
    ['an agent that may everything but change owners', '000001fffffffffe'],
  ])('owners: %s cannot, and says so by code', async (_, capabilities) => {
    await may(capabilities);
    await expect(requireRestorable(['owners'], { statusFile, toolPath })).rejects.toEqual(refused);
  });

  test('xattrs: takes both programs, and the right to give capabilities', async () => {
    await may(ROOT);
    const here = await mkdtemp(join(tmpdir(), 'sealift-programs-'));
    const check = (): Promise<void> =>
      requireRestorable(['xattrs'], { statusFile, toolPath: here });
    await writeFile(join(here, 'getfattr'), '', { mode: 0o755 });
    await expect(check()).rejects.toEqual(refused);

    await writeFile(join(here, 'setfattr'), '', { mode: 0o755 });
    await check();

    await may('000000000000001b');
    await expect(check()).rejects.toEqual(refused);
  });

  test('nothing: everybody can', async () => {
    await requireRestorable([], { statusFile: '/nowhere', toolPath });
  });
});

describeAsRoot('a root file system as a release', () => {
  let server: DeviceServer;
  let device: TestDevice;
  let archive: string;
  let signed: string;
  const inSlot = (path: string): string => join(device.folder, 'slots', 'current', path);
  const told = (): readonly string[] =>
    server.reports.flatMap(({ event }) =>
      event.kind === 'drift' ? [event.components.join()] : [],
    );

  beforeEach(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sealift-root-'));
    await mkdir(join(folder, 'tree'));
    await makeRootTree(join(folder, 'tree'));
    archive = join(folder, 'rootfs.tar.gz');
    pack('GNU tar, gzipped', join(folder, 'tree'), archive);
    server = await startDeviceServer();
    device = await provisionDevice(server);
    signed = await offerRoot(server, '1.0.0', archive, ['owners', 'xattrs']);
  });

  afterEach(() => server.stop());

  test('is installed with its owners, setuid programs and capabilities, and measured with them', async () => {
    expect(await device.runOnce()).toBe('committed');

    expect(server.reports.at(-1)?.running?.installedSha256).toBe(signed);
    expect(await lstat(inSlot('bin/su'))).toMatchObject({ mode: 0o104755, uid: 0, gid: 0 });
    expect(await lstat(inSlot('var/mail'))).toMatchObject({ mode: 0o042770, uid: 8, gid: 8 });
    const capability = execFileSync('getcap', [inSlot('bin/ping')], { encoding: 'utf8' });
    expect(capability).toContain('cap_net_raw=ep');
    const verified = await runAgentCommand(['verify', '--config', device.configPath]);
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.stdout).toContain(signed);
  });

  test('has drifted with a changed owner, setuid bit or capability, which `verify` sees too', async () => {
    expect(await device.runOnce()).toBe('committed');
    const changes = [
      ['chown', '1000', inSlot('version'), 'chown', '0', inSlot('version')],
      ['chmod', '0755', inSlot('bin/su'), 'chmod', '4755', inSlot('bin/su')],
      ['setcap', '-r', inSlot('bin/ping'), 'setcap', 'cap_net_raw=ep', inSlot('bin/ping')],
    ] as const;

    for (const [program, ...words] of changes) {
      execFileSync(program, words.slice(0, 2));
      await device.runOnce();
      expect(told().at(-1), program).toBe('firmware');
      expect(server.reports.at(-1)?.running?.installedSha256, program).not.toBe(signed);

      execFileSync(program, words.slice(3));
      await device.runOnce();
      expect(told().at(-1), program).toBe('');
    }

    execFileSync('setfattr', ['-n', ACL, '-v', USER_7_MAY_WRITE, inSlot('version')]);
    const { code } = await runAgentCommand(['verify', '--config', device.configPath]);
    expect(code).toBe(1);
  });

  test('is repaired with its rights, where that is the policy', async () => {
    await device.configure({ drift: { repair: true } });
    expect(await device.runOnce()).toBe('committed');
    await chown(inSlot('bin/su'), 1_000, 1_000);

    expect(await device.runOnce()).toBe('committed');

    expect(await device.running()).toEqual({ slot: 'b', version: '1.0.0' });
    expect(server.reports.at(-1)?.running?.installedSha256).toBe(signed);
  });

  test('may have local state, with whatever owners that has', async () => {
    await device.configure({ drift: { allow: ['var/mail'] } });
    expect(await device.runOnce()).toBe('committed');
    await chown(inSlot('var/mail'), 9, 9);
    await writeFile(inSlot('var/mail/new'), 'mail');

    await device.runOnce();
    expect(told()).toEqual([]);

    await chown(inSlot('version'), 9, 9);
    await device.runOnce();
    expect(told()).toEqual(['firmware']);
  });

  test.each(['installing', 'activating'])(
    'is whole after the agent was killed while %s',
    async (stage) => {
      const agent = startAgent(['run', '--config', device.configPath]);
      await agent.saw(({ event, stage: at }) => event === 'stage_entered' && at === stage);
      agent.kill('SIGKILL');
      await agent.ended;

      await device.runOnce();

      expect(server.reports.at(-1)?.running?.installedSha256).toBe(signed);
      expect(await lstat(inSlot('bin/su'))).toMatchObject({ mode: 0o104755 });
    },
  );

  test('is refused by an agent that does not run as root, before anything is fetched', async () => {
    const nobody = { uid: 65_534, gid: 65_534 };
    execFileSync('chown', ['-R', '65534:65534', device.folder]);

    const { code } = await runAgentCommand(
      ['run', '--once', '--config', device.configPath],
      nobody,
    );

    expect(code).toBe(3);
    expect(server.reports.at(-1)?.event).toMatchObject({
      kind: 'refused',
      code: 'restore_unsupported',
    });
    expect(server.requests.filter((request) => request.includes('/blobs/'))).toEqual([]);
  });
});

const ACL = 'system.posix_acl_access';
/** user::rw-, user:7:rw-, group::r--, mask::rw-, other::r-- */
const USER_7_MAY_WRITE =
  '0x0200000001000600ffffffff020006000700000004000400ffffffff10000600ffffffff20000400ffffffff';
