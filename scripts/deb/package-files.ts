import { readdir, readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { bundlePath } from '../build/build-program.ts';
import type { BuildFacts } from '../build/build-facts.ts';
import { AGENT } from '../build/programs.ts';
import { fromRoot } from '../root.ts';
import type { BundledNode } from './bundled-node.ts';
import { bundledPackages, copyrightFile } from './copyright.ts';
import { manualPage } from './manual.ts';
import { copiedFile, textFile, type PackageFile } from './package-file.ts';

/** What the files of a package depend on. */
export interface FilesPlan {
  readonly facts: BuildFacts;
  readonly version: string;
  readonly maintainer: string;
  readonly node: BundledNode | undefined;
}

const UNITS = 'usr/lib/systemd/system';
const LIBRARY = 'usr/lib/sealift';
const DOC = 'usr/share/doc/sealift-agent';

/** Folders that the owner of a device fills. */
export const OWNERS_FOLDERS = ['etc/sealift/hooks.d', 'etc/sealift/roots'] as const;

/** Every file of the package. */
export async function packageFiles(plan: FilesPlan): Promise<readonly PackageFile[]> {
  const { facts, node } = plan;
  const program = fromRoot('packaging', 'sealift-agent');
  return [
    copiedFile('usr/bin/sealift-agent', program, 0o755),
    copiedFile(`${LIBRARY}/sealift-agent.mjs`, bundlePath(AGENT), 0o755), // it has a first line `#!`
    ...(node === undefined ? [] : [copiedFile(`${LIBRARY}/node/bin/node`, node.program, 0o755)]),
    ...(await folderOf(`${LIBRARY}/examples`, 'examples')),
    ...(await units()),
    copiedFile('usr/lib/tmpfiles.d/sealift-agent.conf', fromRoot('packaging', 'tmpfiles.conf')),
    copiedFile(
      'usr/lib/systemd/system-preset/80-sealift-agent.preset',
      fromRoot('packaging', 'systemd-preset.conf'),
    ),
    packed('usr/share/man/man8/sealift-agent.8.gz', manualPage(facts.version, facts.builtAt)),
    ...(await documents(plan)),
    copiedFile(
      'usr/share/lintian/overrides/sealift-agent',
      fromRoot('packaging', 'debian', 'lintian-overrides'),
    ),
  ];
}

/** Each service with the sandbox that all of them share, so that one file says all. */
async function units(): Promise<readonly PackageFile[]> {
  const folder = fromRoot('packaging', 'systemd');
  const names = (await readdir(folder)).filter((name) => name !== 'sandbox.conf').sort();
  const text = (name: string) => readFile(fromRoot('packaging', 'systemd', name), 'utf8');
  const sandbox = await text('sandbox.conf');
  return Promise.all(
    names.map(async (name) => {
      const shared = name.endsWith('.service') ? sandbox : '';
      return textFile(`${UNITS}/${name}`, (await text(name)) + shared);
    }),
  );
}

async function folderOf(into: string, name: string): Promise<readonly PackageFile[]> {
  const folder = fromRoot('packaging', name);
  const names = (await readdir(folder)).sort();
  return names.map((each) => copiedFile(`${into}/${each}`, fromRoot('packaging', name, each)));
}

async function documents(plan: FilesPlan): Promise<readonly PackageFile[]> {
  const { version, maintainer, facts, node } = plan;
  const included = [...(await bundledPackages()), ...(node === undefined ? [] : [node.included])];
  const entry = `sealift-agent (${version}) unstable; urgency=medium

  * Sealift ${facts.version}; changelog.gz says what is new.

 -- ${maintainer}  ${facts.builtAt.toUTCString().replace('GMT', '+0000')}
`;
  return [
    textFile(`${DOC}/copyright`, copyrightFile(included)),
    packed(`${DOC}/changelog.Debian.gz`, entry),
    packed(`${DOC}/changelog.gz`, await readFile(fromRoot('CHANGELOG.md'), 'utf8')),
    packed(`${DOC}/README.md.gz`, await readFile(fromRoot('packaging', 'README.md'), 'utf8')),
  ];
}

/** zlib writes no time and no name, so the same text is the same file. */
function packed(path: string, text: string): PackageFile {
  return { path, mode: 0o644, content: { bytes: gzipSync(text, { level: 9 }) } };
}
