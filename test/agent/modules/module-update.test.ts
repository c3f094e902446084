import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { tarOf } from '../../../firmware-fixtures/archive.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import type { ReportEvent, Running } from '../../../shared/protocol/report.ts';
import { installedDigest } from '../../../shared/release/installed-digest.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import { archiveOf, offerArtifacts } from '../../support/offer-artifacts.ts';
import { filesOf, treeOf } from '../../support/test-archive.ts';
import {
  forModule,
  KEEPER,
  provisionModuleDevice,
  type ModuleDevice,
} from '../../support/test-module.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // on a busy machine

let server: DeviceServer;
let modules: ModuleDevice;

beforeEach(async () => {
  server = await startDeviceServer();
  modules = await provisionModuleDevice(server);
});

afterEach(() => server.stop());

const mcu = (text: string, changes = {}) => forModule('mcu', 'keeper', Buffer.from(text), changes);
const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;
const running = (): Running | null | undefined => server.reports.at(-1)?.running;
const seen = (name: string): Promise<string> => readFile(join(modules.device.folder, name), 'utf8');

/** 1.0.0 of a module's component and an archive runs in slot a. */
async function runFirst(): Promise<void> {
  await modules.module('keeper', KEEPER);
  offerArtifacts(server, '1.0.0', [archiveOf('app', '1.0.0'), mcu('mcu 1.0.0')]);
  expect(await modules.device.runOnce()).toBe('committed');
}

describe('a release with an artifact for an update module', () => {
  test('goes through the states of the protocol, in their order', async () => {
    await runFirst();

    expect(await modules.calls()).toEqual([
      'keeper ProvidePayloadFileSizes',
      'keeper Download',
      'keeper ArtifactInstall',
      'keeper NeedsArtifactReboot',
      'keeper ProvideInstalledDigest',
      'keeper ArtifactCommit',
      'keeper Cleanup',
    ]);
    expect(await modules.live()).toBe('mcu 1.0.0');
    expect(await readdir(join(modules.device.folder, 'state'))).not.toContain('modules');
  });

  test('is proven component by component, where its module tells what stands there', async () => {
    await runFirst();

    const components = [
      { component: 'app', installedSha256: treeOf(filesOf('1.0.0')) },
      { component: 'mcu', installedSha256: sha256Hex(Buffer.from('mcu 1.0.0')) },
    ];
    expect(last()?.kind).toBe('receipt');
    expect(running()).toMatchObject({ components, installedSha256: installedDigest(components) });
  });

  test('stays unproven, and is committed, where its module prints nothing', async () => {
    await modules.module('keeper', 'ArtifactInstall) cp files/* "$LIVE" ;;');
    offerArtifacts(server, '1.0.0', [archiveOf('app', '1.0.0'), mcu('mcu 1.0.0')]);

    expect(await modules.device.runOnce()).toBe('committed');

    expect(running()).toMatchObject({ installedSha256: null });
    expect(running()?.components?.[1]).toEqual({ component: 'mcu', installedSha256: null });
  });

  test('may be all there is of it', async () => {
    await modules.module('keeper', KEEPER);
    offerArtifacts(server, '1.0.0', [mcu('mcu 1.0.0')]);
    expect(await modules.device.runOnce()).toBe('committed');
    offerArtifacts(server, '1.1.0', [mcu('mcu 1.1.0')]);

    expect(await modules.device.runOnce()).toBe('committed');

    expect(await modules.live()).toBe('mcu 1.1.0');
    expect(running()).toMatchObject({
      release: { version: '1.1.0' },
      installedSha256: sha256Hex(Buffer.from('mcu 1.1.0')),
    });
  });

  test('is noticed as drift when something else stands there at the next start', async () => {
    await runFirst();
    await modules.module('keeper', 'ProvideInstalledDigest) printf %064d 7 ;;');

    await modules.device.runOnce();

    const drift = modules.device.events.find(({ event }) => event === 'slot_drifted');
    expect(drift).toMatchObject({ components: 'mcu' });
  });

  test('changes nothing that runs before every artifact was verified', async () => {
    await runFirst();
    const app = archiveOf('app', '1.1.0');
    offerArtifacts(server, '1.1.0', [mcu('mcu 1.1.0'), app]);
    server.blobs.set(app.artifact.sha256, Buffer.from(app.bytes).fill('x', 600, 601));
    const before = await modules.states();

    expect(await modules.device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ code: 'artifact_hash_mismatch' });
    expect(await modules.states()).toEqual(before);
  });
});

describe('the folder that a module works in', () => {
  test('tells it what it installs, over what, and where', async () => {
    await runFirst();
    await modules.module(
      'keeper',
      `
      ArtifactInstall) cp -r "$FILES" "$LIVE.tree"; pwd > "$LIVE.pwd"; echo "$FILES" >> "$LIVE.pwd" ;;`,
    );
    const metaData = { baud: 115200, nested: { list: [1, 2] } };
    offerArtifacts(server, '1.1.0', [
      archiveOf('app', '1.1.0'),
      mcu('mcu 1.1.0', { module: { metaData } }),
    ]);

    expect(await modules.device.runOnce()).toBe('committed');

    const [cwd, argument] = (await seen('live.pwd')).split('\n');
    expect(cwd).toBe(argument);
    expect(await seen('live.tree/version')).toBe('3\n');
    expect(await seen('live.tree/current_artifact_name')).toBe('gateway-1.0.0\n');
    expect(await seen('live.tree/current_artifact_group')).toBe('');
    expect(await seen('live.tree/current_device_type')).toBe('rpi4\n');
    expect(await seen('live.tree/header/artifact_name')).toBe('gateway-1.1.0');
    expect(await seen('live.tree/header/artifact_group')).toBe('');
    expect(await seen('live.tree/header/payload_type')).toBe('keeper');
    expect(JSON.parse(await seen('live.tree/header/type-info'))).toEqual({ type: 'keeper' });
    expect(JSON.parse(await seen('live.tree/header/meta-data'))).toEqual(metaData);
    expect(JSON.parse(await seen('live.tree/header/header-info'))).toMatchObject({
      payloads: [{ type: 'keeper' }],
      artifact_depends: { device_type: ['rpi4'] },
    });
    expect(await readdir(join(modules.device.folder, 'live.tree', 'tmp'))).toEqual([]);
    expect(await seen('live.tree/files/mcu.bin')).toBe('mcu 1.1.0');
  });

  test('holds the files of a tar, each by itself', async () => {
    await modules.module('keeper', 'ArtifactInstall) cat files/one files/two > "$LIVE" ;;');
    const tar = tarOf([
      { path: 'one', mode: 0o644, bytes: Buffer.from('1') },
      { path: 'two', mode: 0o755, bytes: Buffer.from('2') },
    ]);
    offerArtifacts(server, '1.0.0', [
      forModule('mcu', 'keeper', tar, { module: { files: 'tar' } }),
    ]);

    expect(await modules.device.runOnce()).toBe('committed');

    expect(await modules.live()).toBe('12');
  });

  test('refuses a tar that holds more than files', async () => {
    await modules.module('keeper', KEEPER);
    const tar = tarOf([{ path: 'folder/one', mode: 0o644, bytes: Buffer.from('1') }]);
    offerArtifacts(server, '1.0.0', [
      forModule('mcu', 'keeper', tar, { module: { files: 'tar' } }),
    ]);

    expect(await modules.device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ code: 'archive_entry_refused' });
    expect(await modules.states()).toEqual(['keeper Cleanup']);
  });
});

describe('the streams of a payload', () => {
  const tar = tarOf([
    { path: 'big', mode: 0o644, bytes: Buffer.alloc(1_000_000, 'b') },
    { path: 'empty', mode: 0o644, bytes: Buffer.alloc(0) },
    { path: 'small', mode: 0o644, bytes: Buffer.from('s') },
  ]);
  const offer = (): void => {
    const artifact = forModule('mcu', 'streamer', tar, { module: { files: 'tar' } });
    offerArtifacts(server, '1.0.0', [artifact]);
  };
  const loop = 'while next="$(cat stream-next)"; test "$next" != ""; do';

  test('are read one after another, until nothing is named any more', async () => {
    await modules.module(
      'streamer',
      `
      Download) ${loop} echo "$next" >> "$LIVE.names"; cat "$next" >> tmp/all; done ;;
      ArtifactInstall) test ! -e files; test ! -e stream-next; test ! -e streams; cp tmp/all "$LIVE" ;;`,
    );
    offer();

    expect(await modules.device.runOnce()).toBe('committed');

    expect(await seen('live.names')).toBe('streams/big\nstreams/empty\nstreams/small\n');
    expect(await modules.live()).toBe(`${'b'.repeat(1_000_000)}s`);
  });

  test('come with their sizes where the module asks for them', async () => {
    await modules.module(
      'streamer',
      `
      ProvidePayloadFileSizes) echo Yes ;;
      Download) exit 1 ;;
      DownloadWithFileSizes) ${loop} echo "$next" >> "$LIVE.names"; cat "\${next%% *}" >/dev/null; done ;;`,
    );
    offer();

    expect(await modules.device.runOnce()).toBe('committed');

    expect(await seen('live.names')).toBe(
      'streams/big 1000000\nstreams/empty 0\nstreams/small 1\n',
    );
  });

  test.each([
    ['stops after the first name', 'cat stream-next >/dev/null'],
    ['stops in the middle of a stream', 'head -c 10 "$(cat stream-next)" >/dev/null'],
    ['never asks whether there are more', 'cat "$(cat stream-next)" >/dev/null'],
  ])('are a failure when the module %s', async (_, reading) => {
    await modules.module('streamer', `Download) ${reading} ;;`);
    offer();

    expect(await modules.device.runOnce()).toBe('failed');

    expect(last()).toMatchObject({ kind: 'failed', stage: 'installing', reason: 'module_stream' });
    expect(await modules.states()).toEqual(['streamer Download', 'streamer Cleanup']);
  });
});
