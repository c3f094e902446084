import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { tarOf } from '../../../firmware-fixtures/archive.ts';
import type { ReportEvent, Running } from '../../../shared/protocol/report.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import { describeWithMenderModules } from '../../support/mender-modules.ts';
import { archiveOf, offerArtifacts, type OfferedArtifact } from '../../support/offer-artifacts.ts';
import { forModule, provisionModuleDevice, type ModuleDevice } from '../../support/test-module.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // on a busy machine

describeWithMenderModules("Mender's own update modules, as Debian packages them", (folder) => {
  let server: DeviceServer;
  let modules: ModuleDevice;

  beforeEach(async () => {
    server = await startDeviceServer();
    modules = await provisionModuleDevice(server);
    await modules.configure({}, { folder });
    offerArtifacts(server, '1.0.0', [archiveOf('app', '1.0.0')]);
    expect(await modules.device.runOnce()).toBe('committed');
  });

  afterEach(async () => {
    await server.stop();
    vi.unstubAllEnvs();
  });

  const at = (...names: string[]): string => join(modules.device.folder, ...names);
  const read = (...names: string[]): Promise<string> => readFile(at(...names), 'utf8');
  const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;
  const running = (): Running | null | undefined => server.reports.at(-1)?.running;

  /** The release is healthy until somebody looks: all of it has to be taken back. */
  const failTheTrial = (): Promise<void> =>
    modules.configure(
      {
        trial: {
          probes: [{ kind: 'command', command: ['false'] }],
          holdSeconds: 0,
          deadlineSeconds: 0.1,
          intervalSeconds: 0.02,
        },
      },
      { folder },
    );

  /** Files as `mender-artifact` lays them out for a module, in one signed tar. */
  function filesFor(type: string, files: Readonly<Record<string, string | Buffer>>) {
    const entries = Object.entries(files).map(([path, content]) => {
      return { path, mode: 0o600, bytes: Buffer.from(content) };
    });
    return forModule('part', type, tarOf(entries), { module: { files: 'tar' } });
  }

  const oneFile = (type: string, fileName: string, bytes: Buffer): OfferedArtifact =>
    forModule('part', type, bytes, { fileName });

  async function install(version: string, artifact: OfferedArtifact): Promise<string> {
    offerArtifacts(server, version, [artifact]);
    return modules.device.runOnce();
  }

  const wasLeft = { detail: expect.stringMatching(/part was not rolled back/) as unknown };

  describe('single-file', () => {
    const file = (content: string, changes = {}) =>
      filesFor('single-file', {
        'app.conf': content,
        dest_dir: at('etc'),
        filename: 'app.conf',
        permissions: '640',
        ...changes,
      });

    test('puts a file in its place, with its permissions', async () => {
      expect(await install('1.1.0', file('new'))).toBe('committed');

      expect(await read('etc', 'app.conf')).toBe('new');
      expect((await stat(at('etc', 'app.conf'))).mode & 0o777).toBe(0o640);
      expect(running()).toMatchObject({ release: { version: '1.1.0' }, installedSha256: null });
    });

    test('fails by name when it is not told where to', async () => {
      expect(await install('1.1.0', file('new', { dest_dir: '' }))).toBe('rolled_back');

      expect(last()).toMatchObject({
        reason: 'module_failed',
        detail: expect.stringContaining('dest_dir or filename are undefined') as unknown,
      });
      expect(running()).toMatchObject({ release: { version: '1.0.0' } });
    });

    test('brings the old file back, as it was', async () => {
      await mkdir(at('etc'));
      await writeFile(at('etc', 'app.conf'), 'old', { mode: 0o604 });
      await chmod(at('etc', 'app.conf'), 0o604);
      await failTheTrial();

      expect(await install('1.1.0', file('new'))).toBe('rolled_back');

      expect(last()).toMatchObject({ reason: 'health' });
      expect(last()).not.toMatchObject(wasLeft);
      expect(await read('etc', 'app.conf')).toBe('old');
      expect((await stat(at('etc', 'app.conf'))).mode & 0o777).toBe(0o604);
    });
  });

  describe('directory', () => {
    const content = (text: string): Buffer =>
      tarOf([{ path: 'new.txt', mode: 0o644, bytes: Buffer.from(text) }]);
    const directory = (update: Buffer) =>
      filesFor('directory', { 'update.tar': update, dest_dir: at('data') });

    beforeEach(async () => {
      await mkdir(at('data'));
      await writeFile(at('data', 'old.txt'), 'old');
    });

    test('exchanges a whole folder', async () => {
      expect(await install('1.1.0', directory(content('new')))).toBe('committed');

      expect(await readdir(at('data'))).toEqual(['new.txt']);
      expect(await read('data', 'new.txt')).toBe('new');
    });

    test('brings the folder back when it fails in the midst of it', async () => {
      expect(await install('1.1.0', directory(Buffer.alloc(2_000, 'no tar')))).toBe('rolled_back');

      expect(last()).toMatchObject({ stage: 'activating', reason: 'module_failed' });
      expect(last()).not.toMatchObject(wasLeft);
      expect(await readdir(at('data'))).toEqual(['old.txt']);
    });

    test('brings the folder back when the release is not healthy', async () => {
      await failTheTrial();

      expect(await install('1.1.0', directory(content('new')))).toBe('rolled_back');

      expect(await readdir(at('data'))).toEqual(['old.txt']);
      expect(await read('data', 'old.txt')).toBe('old');
    });
  });

  describe('deb', () => {
    /** The system's own `dpkg`, which only believes that another folder is the system. */
    beforeEach(async () => {
      await mkdir(at('root', 'var', 'lib', 'dpkg', 'info'), { recursive: true });
      await mkdir(at('root', 'var', 'lib', 'dpkg', 'updates'));
      await writeFile(at('root', 'var', 'lib', 'dpkg', 'status'), '');
      await mkdir(at('bin'));
      const options = `--root="${at('root')}" --log=/dev/null --force-not-root`;
      const dpkg = execFileSync('sh', ['-c', 'command -v dpkg'], { encoding: 'utf8' }).trim();
      await writeFile(at('bin', 'dpkg'), `#!/bin/sh\nexec ${dpkg} ${options} "$@"\n`);
      await chmod(at('bin', 'dpkg'), 0o755);
      vi.stubEnv('PATH', `${at('bin')}:${process.env['PATH'] ?? ''}`);
    });

    async function debian(version: string, control = ''): Promise<OfferedArtifact> {
      const source = at(`source-${version}`);
      await mkdir(join(source, 'DEBIAN'), { recursive: true });
      await mkdir(join(source, 'opt'));
      await writeFile(join(source, 'opt', 'hello'), version);
      const fields = ['Package: hello', `Version: ${version}`, 'Architecture: all'];
      const others = ['Maintainer: nobody <nobody@example.org>', 'Description: a test', control];
      await writeFile(join(source, 'DEBIAN', 'control'), `${[...fields, ...others].join('\n')}\n`);
      await chmod(join(source, 'DEBIAN'), 0o755);
      const file = at(`hello-${version}.deb`);
      execFileSync('dpkg-deb', ['--root-owner-group', '--build', source, file], {
        stdio: 'ignore',
      });
      return oneFile('deb', 'hello.deb', await readFile(file));
    }

    test('installs a package, and the next one over it', async () => {
      expect(await install('1.1.0', await debian('1.1'))).toBe('committed');
      expect(await read('root', 'opt', 'hello')).toBe('1.1');

      expect(await install('1.2.0', await debian('1.2'))).toBe('committed');

      expect(await read('root', 'opt', 'hello')).toBe('1.2');
      expect(await read('root', 'var', 'lib', 'dpkg', 'status')).toContain('Version: 1.2');
    });

    test("fails in dpkg's words when the package needs what is not there", async () => {
      const impossible = await debian('1.1', 'Pre-Depends: nobody-has-this');

      expect(await install('1.1.0', impossible)).toBe('rolled_back');

      expect(last()).toMatchObject({
        reason: 'module_failed',
        detail: expect.stringMatching(/nobody-has-this/) as unknown,
      });
      expect(last()).toMatchObject(wasLeft); // it has no way back, and says so
    });

    test('leaves the package when the release is not healthy, and the report says so', async () => {
      await failTheTrial();

      expect(await install('1.1.0', await debian('1.1'))).toBe('rolled_back');

      expect(last()).toMatchObject({ reason: 'health', ...wasLeft });
      expect(await read('root', 'opt', 'hello')).toBe('1.1');
    });
  });

  describe('script', () => {
    const script = (body: string): OfferedArtifact =>
      oneFile('script', 'update.sh', Buffer.from(`#!/bin/sh\n${body}\n`));

    test('is run once', async () => {
      expect(await install('1.1.0', script(`echo ran >> "${at('ran')}"`))).toBe('committed');

      expect(await read('ran')).toBe('ran\n');
    });

    test('that fails fails the release', async () => {
      expect(await install('1.1.0', script('echo no such modem >&2; exit 3'))).toBe('rolled_back');

      expect(last()).toMatchObject({
        reason: 'module_failed',
        detail: expect.stringMatching(/ended with 3: no such modem/) as unknown,
      });
    });

    test('that ran has run: when the release is not healthy the report says so', async () => {
      await failTheTrial();

      expect(await install('1.1.0', script(`echo ran >> "${at('ran')}"`))).toBe('rolled_back');

      expect(last()).toMatchObject({ reason: 'health', ...wasLeft });
      expect(await read('ran')).toBe('ran\n');
    });
  });
});
