import { createHash } from 'node:crypto';
import { copyFile, chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BuildFacts } from '../build/build-facts.ts';
import { run } from '../processes/run.ts';
import { fromRoot } from '../root.ts';
import type { Architecture } from './architecture.ts';
import type { BundledNode } from './bundled-node.ts';
import { controlOf } from './control.ts';
import type { PackageFile } from './package-file.ts';
import { OWNERS_FOLDERS, packageFiles } from './package-files.ts';

/** A package to build. */
export interface DebPlan {
  readonly facts: BuildFacts;
  readonly architecture: Architecture;
  /** Of the package, for one and the same version of Sealift. */
  readonly revision: string;
  readonly maintainer: string;
  readonly node?: BundledNode | undefined;
  /** `fast` is for packages that are only tried out: with Node, `small` takes minutes. */
  readonly compression?: 'small' | 'fast';
  /** Folder that it is written to. */
  readonly out: string;
}

const MAINTAINER_SCRIPTS = ['postinst', 'prerm', 'postrm'] as const;

/** Builds a package from the bundle in dist/; answers its path. The same plan makes the same bytes. */
export async function buildDeb(plan: DebPlan): Promise<string> {
  const { facts, architecture, node, out, maintainer } = plan;
  const withNode = node === undefined ? '' : `+node${node.version}`;
  const version = `${facts.version}-${plan.revision}${withNode}`;
  const files = await packageFiles({ facts, version, maintainer, node });
  const tree = await mkdtemp(join(tmpdir(), 'sealift-deb-'));
  try {
    for (const file of files) await put(tree, file);
    for (const folder of OWNERS_FOLDERS) await makeFolder(tree, folder);
    const sums = await Promise.all(files.map(({ path }) => measured(tree, path)));
    const installedKib = sums.reduce((sum, { bytes }) => sum + Math.ceil(bytes / 1_024), 0);
    const control = controlOf({
      ...{ version, maintainer, installedKib },
      architecture: architecture.id,
      hasNode: node !== undefined,
    });
    await putControl(tree, control, sums);
    await mkdir(out, { recursive: true });
    const deb = join(out, `sealift-agent_${version}_${architecture.id}.deb`);
    await pack(tree, deb, plan);
    return deb;
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

interface Sum {
  readonly path: string;
  readonly bytes: number;
  readonly md5: string;
}

async function measured(tree: string, path: string): Promise<Sum> {
  const bytes = await readFile(join(tree, path));
  // MD5 because dpkg's format has it; it finds damage, it proves nothing.
  return { path, bytes: bytes.length, md5: createHash('md5').update(bytes).digest('hex') };
}

async function putControl(tree: string, control: string, sums: readonly Sum[]): Promise<void> {
  const lines = sums.map(({ md5, path }) => `${md5}  ${path}\n`).sort();
  const script = (name: string): PackageFile => ({
    path: `DEBIAN/${name}`,
    mode: 0o755,
    content: { copyOf: fromRoot('packaging', 'debian', name) },
  });
  const text = (name: string, content: string): PackageFile => ({
    path: `DEBIAN/${name}`,
    mode: 0o644,
    content: { bytes: Buffer.from(content) },
  });
  await put(tree, text('control', control));
  await put(tree, text('md5sums', lines.join('')));
  for (const name of MAINTAINER_SCRIPTS) await put(tree, script(name));
}

async function put(tree: string, { path, mode, content }: PackageFile): Promise<void> {
  await makeFolder(tree, dirname(path));
  const at = join(tree, path);
  if ('bytes' in content) await writeFile(at, content.bytes);
  else await copyFile(content.copyOf, at);
  await chmod(at, mode); // whatever our umask
}

async function makeFolder(tree: string, path: string): Promise<void> {
  if (path === '.') return chmod(tree, 0o755);
  await makeFolder(tree, dirname(path));
  await mkdir(join(tree, path), { recursive: true });
  await chmod(join(tree, path), 0o755);
}

async function pack(tree: string, deb: string, plan: DebPlan): Promise<void> {
  const { facts, compression = 'small' } = plan;
  const env = {
    SOURCE_DATE_EPOCH: String(facts.builtAt.getTime() / 1_000),
    DPKG_DEB_THREADS_MAX: '1', // xz cuts its blocks by the number of threads
  };
  const how = compression === 'small' ? ['-Zxz'] : ['-Zgzip', '-z1'];
  const command = ['dpkg-deb', '--root-owner-group', ...how, '--build', tree, deb] as const;
  const { code, stderr } = await run(command, { env });
  if (code !== 0) throw new Error(`dpkg-deb failed: ${stderr.trim()}`);
  if ((await stat(deb)).size === 0) throw new Error(`bug: ${deb} is empty`);
}
