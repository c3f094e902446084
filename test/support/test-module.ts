import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { ManifestFile } from '../../shared/release/manifest.ts';
import { provisionDevice, type TestDevice } from './test-agent.ts';
import type { DeviceServer } from './device-server.ts';
import type { OfferedArtifact } from './offer-artifacts.ts';

/** A device with update modules, and a component that one of them keeps in a file. */
export interface ModuleDevice {
  readonly device: TestDevice;
  /** Writes a module. `body` is a shell `case` over `$STATE`; `$FILES` and `$LIVE` are at hand. */
  readonly module: (type: string, body: string, mode?: number) => Promise<string>;
  /** What was asked of modules so far: `<type> <state>`. Queries are left out. */
  readonly states: () => Promise<readonly string[]>;
  /** The same, with queries. */
  readonly calls: () => Promise<readonly string[]>;
  /** What the module has installed. */
  readonly live: () => Promise<string | undefined>;
  readonly configure: (changes?: object, modules?: object) => Promise<void>;
}

/** A module that takes its file from `files/`, can roll back, and tells what stands there. */
export const KEEPER = `
  SupportsRollback) echo Yes ;;
  ArtifactInstall) cp "$LIVE" tmp/before; cp files/* "$LIVE" ;;
  ArtifactRollback) cp tmp/before "$LIVE" ;;
  ProvideInstalledDigest) sha256sum "$LIVE" | cut -d' ' -f1 ;;`;

const QUERY = /Provide|Needs|Supports/;

/** A device of its own, with an empty folder for modules. */
export async function provisionModuleDevice(server: DeviceServer): Promise<ModuleDevice> {
  const device = await provisionDevice(server);
  const at = (...names: string[]): string => join(device.folder, ...names);
  await mkdir(at('modules'), { mode: 0o755 });
  await writeFile(at('live'), 'factory');
  const configure = async (changes: object = {}, modules: object = {}): Promise<void> => {
    await device.configure({
      modules: { folder: 'modules', graceSeconds: 0.3, rebootSeconds: 0.2, ...modules },
      ...changes,
    });
  };
  await configure();
  const calls = async (): Promise<readonly string[]> => {
    const text = await readFile(at('calls'), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  };
  return {
    device,
    configure,
    calls,
    states: async () => (await calls()).filter((line) => !QUERY.test(line)),
    live: () => readFile(at('live'), 'utf8').catch(() => undefined),
    module: async (type, body, mode = 0o755) => {
      const path = at('modules', type);
      const lines = [
        '#!/bin/sh',
        'set -e',
        `STATE="$1"; FILES="$2"; LIVE="${at('live')}"`,
        `echo "${type} $STATE" >> "${at('calls')}"`,
        `case "$STATE" in ${body}\nesac`,
      ];
      await writeFile(path, `${lines.join('\n')}\n`);
      await chmod(path, mode);
      return path;
    },
  };
}

/** An artifact for a module, as its author signs it. */
export function forModule(
  component: string,
  type: string,
  bytes: Buffer,
  changes: Partial<ManifestFile['artifacts'][number]> = {},
): OfferedArtifact {
  const artifact = {
    component,
    installer: `module:${type}`,
    fileName: `${component}.bin`,
    mediaType: 'application/octet-stream',
    sha256: sha256Hex(bytes),
    length: bytes.length,
    ...changes,
  };
  return { artifact, bytes };
}
