import { access, chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import type { ReportEvent, Running } from '../../../shared/protocol/report.ts';
import { describeWith } from '../../operator/signers/tools.ts';
import { startAgent } from '../../support/agent-process.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import {
  buildFirmware,
  microcontroller,
  type Behaviour,
  type Microcontroller,
} from '../../support/microcontroller.ts';
import { archiveOf, offerArtifacts } from '../../support/offer-artifacts.ts';
import { filesOf, treeOf } from '../../support/test-archive.ts';
import { forModule, provisionModuleDevice, type ModuleDevice } from '../../support/test-module.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 }); // an emulated board on a busy machine

const MODULE = fileURLToPath(
  new URL('../../../examples/modules/serial-mcu/serial-mcu', import.meta.url),
);

describeWith(
  ['qemu-system-arm', 'arm-none-eabi-gcc', 'sx'],
  'a microcontroller on a serial line',
  () => {
    let folder: string;
    let images: ReadonlyMap<string, Buffer>;
    /** Its flash after 1.0.0 was installed: where the board of each test begins. */
    let factory: Microcontroller;
    let board: Microcontroller;
    let server: DeviceServer;
    let device: ModuleDevice;

    const loader = (): string => join(folder, 'loader.elf');
    const imageOf = (version: string): Buffer => images.get(version) ?? Buffer.from(version);
    const digestOf = (version: string): string => sha256Hex(imageOf(version));
    const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;
    const running = (): Running | null | undefined => server.reports.at(-1)?.running;

    function offer(version: string, image = imageOf(version)): void {
      const mcu = forModule('mcu', 'serial-mcu', image, {
        installed: { sha256: sha256Hex(image) },
      });
      offerArtifacts(server, version, [archiveOf('app', version), mcu]);
    }

    /** A gateway with the module as it ships, and the board at its line. */
    async function openDevice(line: string): Promise<void> {
      server = await startDeviceServer();
      device = await provisionModuleDevice(server);
      await copyFile(MODULE, join(device.device.folder, 'modules', 'serial-mcu'));
      await chmod(join(device.device.folder, 'modules', 'serial-mcu'), 0o755);
      const settings = [`LINE=${line}`, 'RESTART_SECONDS=8', 'TRANSFER_SECONDS=10'];
      await writeFile(join(device.device.folder, 'mcu.conf'), `${settings.join('\n')}\n`);
      vi.stubEnv('SERIAL_MCU_CONFIG', device.device.folder);
    }

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sealift-mcu-'));
      const { application } = buildFirmware(folder);
      const build = (version: string, behaviour?: Behaviour): [string, Buffer] => [
        version,
        application(version, behaviour),
      ];
      images = new Map([
        ...[build('1.0.0'), build('1.1.0')],
        ...[build('1.2.0', 'HANGS'), build('1.3.0', 'BABBLES')],
      ]);
      factory = await microcontroller(join(folder, 'factory'), loader());
      await factory.plugIn();
      await openDevice(factory.line);
      offer('1.0.0');
      expect(await device.device.runOnce()).toBe('committed');
      await factory.unplug();
      await server.stop();
    });

    beforeEach(async () => {
      board = await microcontroller(await mkdtemp(join(folder, 'board-')), loader(), factory);
      await board.plugIn();
      await openDevice(board.line);
      offer('1.0.0');
      expect(await device.device.runOnce()).toBe('committed'); // it runs there already
    });

    afterEach(async () => {
      await board.unplug();
      await server.stop();
      vi.unstubAllEnvs();
    });

    afterAll(async () => {
      await factory.unplug();
      await rm(folder, { recursive: true });
    });

    const proven = (version: string) => ({
      release: { version },
      components: [
        { component: 'app', installedSha256: treeOf(filesOf(version)) },
        { component: 'mcu', installedSha256: digestOf(version) },
      ],
    });

    /** The gateway and the microcontroller run the old release, and both were asked. */
    async function expectAllOld(): Promise<void> {
      expect(await device.device.running()).toMatchObject({ version: '1.0.0' });
      await device.device.runOnce(); // each start measures
      expect(running()).toMatchObject(proven('1.0.0'));
    }

    /** Once the image is on its way. */
    const underWay = (): Promise<void> =>
      vi.waitFor(() => access(join(device.device.folder, 'state', 'modules', 'mcu', 'tmp', 'sx')), {
        timeout: 120_000,
        interval: 20,
      });

    test('is updated with its gateway, and each proves what it runs', async () => {
      offer('1.1.0');

      expect(await device.device.runOnce()).toBe('committed');

      expect(last()?.kind).toBe('receipt');
      expect(running()).toMatchObject(proven('1.1.0'));
      await board.plugIn(); // it lost its power: what was confirmed still runs
      await device.device.runOnce();
      expect(running()).toMatchObject(proven('1.1.0'));
    });

    test('refuses what is no image for it, and the gateway goes back too', async () => {
      offer('1.1.0', Buffer.alloc(5_000, 'no image'));

      expect(await device.device.runOnce()).toBe('rolled_back');

      expect(last()).toMatchObject({
        reason: 'module_failed',
        detail: expect.stringContaining('no image for this board') as unknown,
      });
      await expectAllOld();
    });

    test('falls back by itself from an image that hangs, and the gateway follows', async () => {
      offer('1.2.0');

      expect(await device.device.runOnce()).toBe('rolled_back');

      const went = `runs ${digestOf('1.0.0')} (confirmed), not ${digestOf('1.2.0')}`;
      expect(last()).toMatchObject({ reason: 'module_failed', stage: 'activating' });
      expect(last()).toMatchObject({ detail: expect.stringContaining(went) as unknown });
      await expectAllOld();
    });

    test('is said to be unproven when it only babbles, and is back after its next start', async () => {
      offer('1.3.0');

      expect(await device.device.runOnce()).toBe('rolled_back');

      expect(last()).toMatchObject({
        detail: expect.stringMatching(
          /does not become silent.*mcu was not rolled back/s,
        ) as unknown,
      });
      expect(running()?.components?.[1]).toEqual({ component: 'mcu', installedSha256: null });
      expect(await device.device.running()).toMatchObject({ version: '1.0.0' });
      await board.plugIn();
      offer('1.1.0');
      expect(await device.device.runOnce()).toBe('committed');
      expect(running()).toMatchObject(proven('1.1.0'));
    });

    test('that is unplugged in the midst of it leaves the gateway on the old release', async () => {
      offer('1.1.0');

      const end = device.device.runOnce();
      await underWay();
      await board.unplug();

      expect(await end).toBe('rolled_back');
      expect(last()).toMatchObject({
        reason: 'module_failed',
        detail: expect.stringMatching(/did not get over.*not rolled back.*line/s) as unknown,
      });
      expect(running()?.components?.[1]).toEqual({ component: 'mcu', installedSha256: null });
      await board.plugIn(); // half an image lies in its other bank
      offer('1.0.1', imageOf('1.0.0'));
      expect(await device.device.runOnce()).toBe('committed');
      expect(running()?.components?.[1]).toMatchObject({ installedSha256: digestOf('1.0.0') });
    });

    test('that stops listening in the midst of it is brought back when it listens again', async () => {
      offer('1.1.0');

      const end = device.device.runOnce();
      await underWay();
      board.freeze();
      await vi.waitFor(
        () => {
          const failed = device.device.events.some(({ event }) => event === 'module_failed');
          expect(failed).toBe(true);
        },
        { timeout: 120_000 },
      );
      board.thaw();

      expect(await end).toBe('rolled_back');
      expect(last()).toMatchObject({ reason: 'module_failed' });
      await expectAllOld();
    });

    test('runs the old image after its gateway lost its power in the midst of it', async () => {
      offer('1.1.0');
      const agent = startAgent(['run', '--config', device.device.configPath]);
      await underWay();
      agent.kill('SIGKILL');
      await agent.ended;

      await device.device.runOnce();

      const told = server.reports.map(({ event }) => event);
      expect(told).toContainEqual(
        expect.objectContaining({ kind: 'rolled_back', reason: 'module_interrupted' }),
      );
      await expectAllOld();
    });

    test('that is away when the agent starts is reported as drift, not as proven', async () => {
      await board.unplug();

      await device.device.runOnce();

      const drift = device.device.events.find(({ event }) => event === 'slot_drifted');
      expect(drift).toMatchObject({ components: 'mcu' });
      await board.plugIn();
      await device.device.runOnce();
      expect(running()).toMatchObject(proven('1.0.0'));
    });
  },
);
