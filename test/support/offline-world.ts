import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { tufDate } from '../../shared/metadata/fields.ts';
import { archiveHeader, BLOCK_BYTES } from '../../shared/protocol/bundle-archive.ts';
import { BUNDLE_NAMES } from '../../shared/protocol/offline-bundle.ts';
import { withOfflineDays } from '../../shared/trust/offline.ts';
import { currentBundle } from './device-server.ts';
import type { UptaneSimulator } from './uptane-simulator.ts';

export const DAY = 86_400_000;

/** What a word for a device that cannot ask says. */
export interface Carried {
  readonly at: Date;
  readonly days: number;
  readonly deviceId?: string;
  readonly offline?: boolean;
}

/** Provisions the fleet anew with a director root that allows so many days. */
export async function grantOffline(fleet: UptaneSimulator, maxDays: number): Promise<void> {
  const { director } = fleet;
  director.root = withOfflineDays(director.root, maxDays);
  director.roots.length = 0;
  director.root.version = 0;
  await director.publishRoot();
}

/** The director signs what it assigns now as a word to be carried. */
export function signToCarry(fleet: UptaneSimulator, carried: Carried): void {
  const { at, days, deviceId = 'gw-1', offline = true } = carried;
  const { director } = fleet;
  director.targets['custom'] = { deviceId, serverTime: tufDate(at), offline };
  director.publish();
  const expires = tufDate(new Date(at.getTime() + days * DAY));
  for (const file of [director.timestamp, director.snapshot, director.targets]) {
    file.expires = expires;
  }
}

/** The files of a bundle, by name. */
export type BundleContent = ReadonlyMap<string, Uint8Array>;

/** Everything that the fleet shows now, as a bundle for one device. */
export async function bundleOf(
  { image, director }: UptaneSimulator,
  blobs: ReadonlyMap<string, Uint8Array>,
  deviceId = 'gw-1',
): Promise<BundleContent> {
  const names = [
    'timestamp.json',
    `${image.snapshot.version}.snapshot.json`,
    `${image.targets.version}.targets.json`,
    ...[...image.delegated].map(([name, { version }]) => `${version}.${name}.json`),
    ...image.roots.slice(1).map((_, at) => `${at + 2}.root.json`),
    ...image.files.keys(),
  ];
  const files = new Map<string, Uint8Array>();
  for (const name of names) {
    const bytes = await image.fetch(name, Infinity);
    if (bytes !== undefined) files.set(BUNDLE_NAMES.image(name), bytes);
  }
  files.set(BUNDLE_NAMES.word(deviceId), await currentBundle(director));
  for (const [sha256, bytes] of blobs) files.set(BUNDLE_NAMES.blob(sha256), bytes);
  return files;
}

/** Writes a bundle as a folder; answers where. */
export async function bundleFolder(content: BundleContent): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-bundle-'));
  for (const [name, bytes] of content) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return folder;
}

/** The same as the bytes of one tar file. */
export function bundleTar(content: BundleContent): Buffer {
  const parts = [...content].flatMap(([name, bytes]) => [
    archiveHeader(name, bytes.length),
    pad(bytes),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK_BYTES)]);
}

/** Writes one file, by itself in a folder. */
export async function bundleFile(bytes: Uint8Array): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'sealift-bundle-')), 'bundle.tar');
  await writeFile(file, bytes);
  return file;
}

function pad(bytes: Uint8Array): Buffer {
  const over = bytes.length % BLOCK_BYTES;
  return Buffer.concat([bytes, Buffer.alloc(over === 0 ? 0 : BLOCK_BYTES - over)]);
}
