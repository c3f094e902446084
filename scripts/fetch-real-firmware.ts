import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { ArchiveFile } from '../firmware-fixtures/archive.ts';
import { loadBuilder } from '../firmware-fixtures/builder-key.ts';
import { cycloneDx, hashesOf, type SbomComponent } from '../firmware-fixtures/cyclonedx.ts';
import { signedProvenance } from '../firmware-fixtures/provenance.ts';
import { jsonBytes, serviceFiles } from '../firmware-fixtures/release-files.ts';
import type { ReleaseFacts } from '../firmware-fixtures/releases.ts';
import { debianComponents, debianPurl } from './fetch-real-firmware/debian-sbom.ts';
import { readPackage, type DebianPackage } from './fetch-real-firmware/debian-package.ts';
import { packRoot, type PackedRoot } from './fetch-real-firmware/pack-root.ts';
import { PACKAGES } from './fetch-real-firmware/packages.ts';
import { openPrivateApt } from './fetch-real-firmware/private-apt.ts';
import {
  addFiles,
  addSystemFiles,
  createRoot,
  distroOf,
  unpack,
} from './fetch-real-firmware/root-fs.ts';
import { newestChange } from './fetch-real-firmware/walk-root.ts';

const WORK = fileURLToPath(new URL('../.cache/real-firmware', import.meta.url));
const FOLDER = 'gateway-2.0.0';
const BL31 = ['rpi3', 'rpi4'].map((board) => `usr/lib/arm-trusted-firmware/${board}/bl31.bin`);

/** The root file system on disk, before it is packed. */
interface Assembled {
  readonly root: string;
  readonly packages: readonly DebianPackage[];
  readonly distro: string;
  readonly builtAt: Date;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: {
        type: 'string',
        default: fileURLToPath(new URL('../firmware-fixtures/built', import.meta.url)),
      },
    },
  });
  const out = join(values.out, FOLDER);
  const debFiles = await fetchPackages();
  const assembled = await assemble(debFiles);
  const facts = factsOf(assembled);
  const ours = await ourFiles(facts);
  await addFiles(assembled.root, ours);
  say('packing (sorted, owned by root, fixed times)');
  await mkdir(out, { recursive: true });
  const packed = await packRoot(assembled.root, join(out, 'artifact.tar.gz'));
  await writeDocuments(out, { ...assembled, facts, ours, packed });
  // Thousands of files that tools of this repository would otherwise walk through.
  await rm(assembled.root, { recursive: true });
  say(
    `${FOLDER}: ${assembled.packages.length} packages, ${packed.entryCount} entries, ` +
      `${megabytes(packed.unpackedBytes)} unpacked, ${megabytes(packed.packedBytes)} packed, in ${out}`,
  );
}

async function fetchPackages(): Promise<readonly string[]> {
  say('reading the package lists for arm64, into an apt state of our own');
  const apt = await openPrivateApt(join(WORK, 'apt'), 'arm64');
  await apt.update();
  const planned = await apt.plan(PACKAGES);
  const lengthBytes = planned.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  say(`downloading ${planned.length} packages, ${megabytes(lengthBytes)}`);
  await apt.download(planned, join(WORK, 'debs'));
  return planned.map(({ fileName }) => join(WORK, 'debs', fileName));
}

async function assemble(debFiles: readonly string[]): Promise<Assembled> {
  const root = join(WORK, 'root');
  await createRoot(root);
  const packages: DebianPackage[] = [];
  for (const [index, debFile] of debFiles.entries()) {
    if (index % 25 === 0) say(`unpacking ${index + 1} of ${debFiles.length}`);
    packages.push(await readPackage(debFile));
    await unpack(debFile, root);
  }
  // Before anything of ours is written: Debian's times come from its builds, ours from this clock.
  const builtAt = await newestChange(root);
  await addSystemFiles(root, packages);
  return { root, packages, distro: await distroOf(root), builtAt };
}

function factsOf({ packages, distro }: Assembled): ReleaseFacts {
  return {
    product: 'gateway',
    version: '2.0.0',
    hardwareIds: ['rpi3', 'rpi4'],
    securityEpoch: 2,
    class: 'functional',
    notes: `A whole arm64 root file system of ${distro}: ${packages.length} packages.`,
  };
}

/** The same service as in the small fixtures, asking for the firmware where Debian puts it. */
async function ourFiles(facts: ReleaseFacts): Promise<readonly ArchiveFile[]> {
  const release = { path: 'release.json', mode: 0o644, bytes: jsonBytes(facts) };
  return [release, ...(await serviceFiles(BL31))];
}

interface Finished extends Assembled {
  readonly facts: ReleaseFacts;
  readonly ours: readonly ArchiveFile[];
  readonly packed: PackedRoot;
}

async function writeDocuments(out: string, finished: Finished): Promise<void> {
  const { root, packages, distro, builtAt, facts, packed } = finished;
  const { product, version } = facts;
  const components = [
    ...(await debianComponents(packages, root, distro)),
    ...finished.ours.map((file) => ourComponent(file, facts)),
  ];
  const subject = { product, version, artifact: packed.hashes, timestamp: builtAt };
  const build = {
    folder: FOLDER,
    artifactName: 'artifact.tar.gz',
    artifactSha256: packed.hashes.sha256,
    parameters: facts,
    inputs: packages.map((pkg) => ({ uri: debianPurl(pkg, distro), sha256: pkg.hashes.sha256 })),
    finishedAt: builtAt,
  };
  const provenance = await signedProvenance(build, await loadBuilder());
  await writeFile(join(out, 'sbom.cdx.json'), jsonBytes(cycloneDx(subject, components)));
  await writeFile(join(out, 'provenance.dsse.json'), jsonBytes(provenance));
  await writeFile(join(out, 'release.json'), jsonBytes(facts));
}

function ourComponent({ path, bytes }: ArchiveFile, facts: ReleaseFacts): SbomComponent {
  return {
    ref: `file:${path}`,
    type: 'file',
    name: path,
    version: facts.version,
    purl: `pkg:generic/${facts.product}@${facts.version}#${path}`,
    supplier: 'Sealift',
    licences: [{ id: 'Apache-2.0' }],
    hashes: hashesOf(bytes),
    location: path,
  };
}

function megabytes(lengthBytes: number): string {
  return `${(lengthBytes / 1e6).toFixed(1)} MB`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// The modes of what we write go into the archive: they must not depend on who runs this.
process.umask(0o022);
try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
