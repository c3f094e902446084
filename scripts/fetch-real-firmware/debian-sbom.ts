import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Licence, SbomComponent } from '../../firmware-fixtures/cyclonedx.ts';
import { licencesIn } from './copyright.ts';
import type { DebianPackage } from './debian-package.ts';

/** The purl of a Debian package as scanners write it, with the source that advisories name. */
export function debianPurl(pkg: DebianPackage, distro: string): string {
  const version = encodeURIComponent(pkg.version).replaceAll('%3A', ':');
  const name = encodeURIComponent(pkg.name);
  const upstream = encodeURIComponent(pkg.source);
  const qualifiers = `arch=${pkg.architecture}&distro=${distro}&upstream=${upstream}`;
  return `pkg:deb/debian/${name}@${version}?${qualifiers}`;
}

/** Every package as a component: name, version, licences, hashes of its file, what it depends on. */
export async function debianComponents(
  packages: readonly DebianPackage[],
  root: string,
  distro: string,
): Promise<readonly SbomComponent[]> {
  const present = new Set(packages.map(({ name }) => name));
  return Promise.all(
    packages.map(async (pkg): Promise<SbomComponent> => ({
      ref: refOf(pkg.name),
      type: 'library',
      name: pkg.name,
      version: pkg.version,
      purl: debianPurl(pkg, distro),
      supplier: pkg.maintainer,
      licences: await licencesOf(pkg.name, root),
      hashes: pkg.hashes,
      dependsOn: pkg.dependsOn.filter((name) => present.has(name)).map(refOf),
    })),
  );
}

function refOf(packageName: string): string {
  return `deb:${packageName}`;
}

async function licencesOf(packageName: string, root: string): Promise<readonly Licence[]> {
  try {
    // Some packages link their documentation folder to another package's.
    const folder = await realpath(join(root, 'usr/share/doc', packageName));
    return licencesIn(await readFile(join(folder, 'copyright'), 'utf8'));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw cause;
  }
}
