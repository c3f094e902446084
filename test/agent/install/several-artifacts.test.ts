import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import type { ReportEvent, Running } from '../../../shared/protocol/report.ts';
import { installedDigest } from '../../../shared/release/installed-digest.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import {
  archiveOf,
  imageOf,
  offerArtifacts,
  type OfferedArtifact,
} from '../../support/offer-artifacts.ts';
import { provisionDevice, type TestDevice } from '../../support/test-agent.ts';
import { filesOf, treeOf } from '../../support/test-archive.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // on a busy machine

let server: DeviceServer;
let device: TestDevice;

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
  await mkdir(join(device.folder, 'images'));
  for (const slot of ['a', 'b']) await writeFile(target(slot), `factory ${slot}`);
  await device.configure({ slots: { kernel: { a: 'images/kernel-a', b: 'images/kernel-b' } } });
});

afterEach(() => server.stop());

const target = (slot: string): string => join(device.folder, 'images', `kernel-${slot}`);
const inSlot = (...names: string[]): string => join(device.folder, 'slots', ...names);
const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;
const running = (): Running | null | undefined => server.reports.at(-1)?.running;
const kernel = (version: string): OfferedArtifact =>
  imageOf('kernel', Buffer.from(`kernel ${version}`));

/** Version 1.0.0 of an image and an archive runs in slot a. */
async function runFirst(): Promise<void> {
  offerArtifacts(server, '1.0.0', [kernel('1.0.0'), archiveOf('app', '1.0.0')]);
  expect(await device.runOnce()).toBe('committed');
}

describe('a release of several artifacts', () => {
  test('is installed whole, and its receipt proves each component', async () => {
    await runFirst();

    expect(await readFile(target('a'), 'utf8')).toBe('kernel 1.0.0');
    expect(await readFile(target('b'), 'utf8')).toBe('factory b');
    expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' }); // the only archive is the slot
    const components = [
      { component: 'kernel', installedSha256: sha256Hex(Buffer.from('kernel 1.0.0')) },
      { component: 'app', installedSha256: treeOf(filesOf('1.0.0')) },
    ];
    expect(last()?.kind).toBe('receipt');
    expect(running()).toMatchObject({ components, installedSha256: installedDigest(components) });
  });

  test('puts several archives side by side, so that one link switches all of them', async () => {
    const offered = [archiveOf('app', '1.0.0'), archiveOf('models', '7'), kernel('1.0.0')];
    offerArtifacts(server, '1.0.0', offered);

    expect(await device.runOnce()).toBe('committed');

    expect((await readdir(inSlot('current'))).sort()).toEqual(['app', 'models']);
    expect(await readFile(inSlot('current', 'models', 'version'), 'utf8')).toBe('7');
  });

  test('may hold the same bytes for two components', async () => {
    offerArtifacts(server, '1.0.0', [archiveOf('left', '1'), archiveOf('right', '1')]);

    expect(await device.runOnce()).toBe('committed');

    expect(running()?.components).toHaveLength(2);
  });

  test('of an image alone leaves an empty slot, which is current', async () => {
    offerArtifacts(server, '1.0.0', [kernel('1.0.0')]);

    expect(await device.runOnce()).toBe('committed');

    expect(await readdir(inSlot('current'))).toEqual([]);
    expect(running()).toMatchObject({
      slot: 'a',
      installedSha256: sha256Hex(Buffer.from('kernel 1.0.0')),
    });
    expect(running()).not.toHaveProperty('components'); // as 0.1.0 reported it
  });

  test('is updated in the other slot, and the old one stays as it was', async () => {
    await runFirst();
    offerArtifacts(server, '1.1.0', [kernel('1.1.0'), archiveOf('app', '1.1.0')]);

    expect(await device.runOnce()).toBe('committed');

    expect(await readFile(target('a'), 'utf8')).toBe('kernel 1.0.0');
    expect(await readFile(target('b'), 'utf8')).toBe('kernel 1.1.0');
    expect(await device.running()).toEqual({ slot: 'b', version: '1.1.0' });
  });
});

describe('what is wrong with the second artifact', () => {
  /** The old release runs as before, and the spare slot may not be started. */
  async function expectOldRelease(): Promise<void> {
    expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
    expect(await readFile(target('a'), 'utf8')).toBe('kernel 1.0.0');
    const states = JSON.parse(await readFile(inSlot('slot-states.json'), 'utf8')) as unknown;
    expect(states).toMatchObject({ a: 'good', b: 'bad' });
    expect(running()).toMatchObject({ slot: 'a', release: { version: '1.0.0' } });
  }

  test('another tree than signed: refused, and the slot is bad though the first was right', async () => {
    await runFirst();
    const { artifact, bytes } = archiveOf('app', '1.1.0');
    const signed = { ...artifact, installed: { sha256: '0'.repeat(64) } };
    offerArtifacts(server, '1.1.0', [kernel('1.1.0'), { artifact: signed, bytes }]);

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ code: 'installed_digest_mismatch' });
    await expectOldRelease();
  });

  test('an archive that cannot be unpacked: refused, and nothing of it is switched to', async () => {
    await runFirst();
    const { artifact } = archiveOf('app', '1.1.0');
    const bytes = Buffer.from('garbage '.repeat(512));
    const spoiled = { ...artifact, sha256: sha256Hex(bytes), length: bytes.length };
    offerArtifacts(server, '1.1.0', [kernel('1.1.0'), { artifact: spoiled, bytes }]);

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ code: 'archive_malformed' });
    await expectOldRelease();
  });

  test('not on the server: left for later, and not a byte of the first was installed', async () => {
    await runFirst();
    const app = archiveOf('app', '1.1.0');
    offerArtifacts(server, '1.1.0', [kernel('1.1.0'), app]);
    server.blobs.delete(app.artifact.sha256);

    expect(await device.runOnce()).toBe('later');

    expect(await readFile(target('b'), 'utf8')).toBe('factory b');
    expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });

    server.blobs.set(app.artifact.sha256, app.bytes);
    expect(await device.runOnce()).toBe('committed');
    expect(await device.running()).toEqual({ slot: 'b', version: '1.1.0' });
  });

  test('other bytes than signed: refused, and not a byte of the first was installed', async () => {
    await runFirst();
    const app = archiveOf('app', '1.1.0');
    offerArtifacts(server, '1.1.0', [kernel('1.1.0'), app]);
    server.blobs.set(app.artifact.sha256, Buffer.from(app.bytes).fill('x', 600, 601));

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ code: 'artifact_hash_mismatch' });
    expect(await readFile(target('b'), 'utf8')).toBe('factory b');
  });

  test('no place for it: refused before anything is downloaded', async () => {
    await runFirst();
    offerArtifacts(server, '1.1.0', [
      archiveOf('app', '1.1.0'),
      imageOf('modem', Buffer.from('modem')),
    ]);
    const before = server.requests.filter((line) => line.includes('/blobs/')).length;

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ code: 'component_unknown' });
    expect(server.requests.filter((line) => line.includes('/blobs/'))).toHaveLength(before);
  });

  test('a target that is gone: failed by its name, and the first is not written either', async () => {
    await runFirst();
    await rm(target('b'));
    await writeFile(inSlot('b-was-here'), '');
    offerArtifacts(server, '1.1.0', [archiveOf('app', '1.1.0'), kernel('1.1.0')]);

    expect(await device.runOnce()).toBe('failed');

    expect(last()).toMatchObject({ stage: 'installing', reason: 'target_missing' });
    expect(await readdir(inSlot())).not.toContain('b');
    await expectOldRelease();
  });

  test('an image longer than signed: refused by its name', async () => {
    await runFirst();
    const { artifact, bytes } = kernel('1.1.0');
    const installed = { sha256: artifact.sha256, length: bytes.length - 1 };
    const longer = { artifact: { ...artifact, installed }, bytes };
    offerArtifacts(server, '1.1.0', [archiveOf('app', '1.1.0'), longer]);

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ code: 'image_length_mismatch' });
    await expectOldRelease();
  });
});

describe('the running release', () => {
  test('is told to have drifted in the component that was changed', async () => {
    await runFirst();
    await writeFile(target('a'), 'kernel 6.6.6');

    await device.runOnce();

    const drifted = device.events.find(({ event }) => event === 'slot_drifted');
    expect(drifted).toMatchObject({ components: 'kernel' });
    const [first, second] = running()?.components ?? [];
    expect(first?.installedSha256).not.toBe(sha256Hex(Buffer.from('kernel 1.0.0')));
    expect(second?.installedSha256).toBe(treeOf(filesOf('1.0.0')));
  });

  test('whose image is gone is told to hold nothing that can be measured', async () => {
    await runFirst();
    await rm(target('a'));

    await device.runOnce();

    expect(running()?.components?.[0]?.installedSha256).toBe('0'.repeat(64));
  });
});
