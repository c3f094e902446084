import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './run-tool.ts';

/** A package that apt chose: one file to download. */
export interface PlannedPackage {
  readonly name: string;
  readonly version: string;
  readonly fileName: string;
  readonly lengthBytes: number;
}

/** apt for another architecture, with a state of its own: nothing of this machine's is changed. */
export interface PrivateApt {
  readonly update: () => Promise<void>;
  readonly plan: (packages: readonly string[]) => Promise<readonly PlannedPackage[]>;
  readonly download: (planned: readonly PlannedPackage[], folder: string) => Promise<void>;
}

// The machine may know other repositories; a package of theirs would be no `pkg:deb/debian/`.
const ONLY_DEBIAN = `Package: *
Pin: release o=Debian
Pin-Priority: 500

Package: *
Pin: release o=*
Pin-Priority: -1
`;

/**
 * Prepares the state in `folder`. Works as any user: the state is ours, and nothing is installed.
 * The machine's own list of sources and its keys are used, so its mirror and its proxy are too.
 */
export async function openPrivateApt(folder: string, architecture: string): Promise<PrivateApt> {
  await mkdir(join(folder, 'lists/partial'), { recursive: true });
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  await writeFile(join(folder, 'preferences'), ONLY_DEBIAN);
  const apt = (...args: readonly string[]): readonly string[] => [
    ...optionsFor(folder, architecture),
    ...args,
  ];
  return {
    update: async () => {
      await runTool('apt-get', apt('update', '-qq'));
    },
    plan: async (packages) => {
      const install = apt('install', '--print-uris', '-qq', '-y', '--no-install-recommends');
      return parsePlan(await runTool('apt-get', [...install, ...packages]));
    },
    // apt checks each file against the signed package list, and skips what is already there.
    download: async (planned, into) => {
      await mkdir(into, { recursive: true });
      const names = planned.map(({ name, version }) => `${name}=${version}`);
      await runTool('apt-get', apt('download', '-qq', ...names), into);
    },
  };
}

/** Reads `'URI' NAME_VERSION_ARCH.deb LENGTH HASH` lines; apt writes `:` of an epoch as `%3a`. */
export function parsePlan(printed: string): readonly PlannedPackage[] {
  const lines = [...printed.matchAll(/^'[^']+' (([^_\s]+)_([^_\s]+)_[^_\s]+\.deb) (\d+)/gm)];
  return lines
    .map(([, fileName = '', name = '', version = '', length]) => ({
      name,
      version: decodeURIComponent(version),
      fileName,
      lengthBytes: Number(length),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function optionsFor(folder: string, architecture: string): readonly string[] {
  const options = {
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': 'root', // the private folders need not be readable by the user _apt
    'APT::Update::Error-Mode': 'any',
    'Debug::NoLocking': 'true',
    'Dir::State': folder,
    'Dir::State::status': join(folder, 'status'),
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    'Dir::Etc::Preferences': join(folder, 'preferences'),
    'Dir::Etc::PreferencesParts': '/dev/null',
  };
  return Object.entries(options).map(([name, value]) => `-o${name}=${value}`);
}
