import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod/mini';
import { sha256Hex } from '../shared/crypto/digest.ts';
import type { Signer } from '../shared/crypto/signer.ts';
import { tarOf, type ArchiveFile } from './archive.ts';
import { loadBuilder } from './builder-key.ts';
import { signedProvenance, type Build, type BuildInput } from './provenance.ts';
import { filesOf, jsonBytes } from './release-files.ts';
import { folderNameOf, RELEASES, type FixtureRelease } from './releases.ts';
import { sbomOf } from './sbom.ts';
import { TRUSTED_FIRMWARE } from './trusted-firmware.ts';

/** The committed sha256 of every built file: what a build must give, on any machine. */
export const DIGESTS_FILE = fileURLToPath(new URL('digests.json', import.meta.url));

const DEFAULT_OUT = fileURLToPath(new URL('built', import.meta.url));

/** Every file of every fixture release, by its path below the output folder. */
export async function buildFixtures(): Promise<ReadonlyMap<string, Buffer>> {
  const builder = await loadBuilder();
  const built = await Promise.all(RELEASES.map((release) => buildRelease(release, builder)));
  return new Map(built.flat());
}

/** The sha256 of each built file, sorted by path. */
export function digestsOf(built: ReadonlyMap<string, Buffer>): Readonly<Record<string, string>> {
  const digests = [...built].map(([path, bytes]): [string, string] => [path, sha256Hex(bytes)]);
  return Object.fromEntries(digests.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Writes a build, each release in its own folder. */
export async function writeFixtures(
  out: string,
  built: ReadonlyMap<string, Buffer>,
): Promise<void> {
  for (const [path, bytes] of built) {
    await mkdir(dirname(join(out, path)), { recursive: true });
    await writeFile(join(out, path), bytes);
  }
}

async function buildRelease(
  release: FixtureRelease,
  builder: Signer,
): Promise<readonly (readonly [string, Buffer])[]> {
  const folder = folderNameOf(release);
  const files = await filesOf(release);
  const artifact = tarOf(files);
  const provenance = await signedProvenance(buildOf(release, files, artifact), builder);
  return [
    [`${folder}/artifact.tar`, artifact],
    [`${folder}/sbom.cdx.json`, jsonBytes(sbomOf(release, files, artifact))],
    [`${folder}/provenance.dsse.json`, jsonBytes(provenance)],
    [`${folder}/release.json`, jsonBytes(release.facts)],
  ];
}

function buildOf(release: FixtureRelease, files: readonly ArchiveFile[], artifact: Buffer): Build {
  return {
    folder: folderNameOf(release),
    artifactName: 'artifact.tar',
    artifactSha256: sha256Hex(artifact),
    parameters: release.facts,
    inputs: [
      { uri: TRUSTED_FIRMWARE.purl, sha256: TRUSTED_FIRMWARE.debSha256 },
      ...files.filter(({ path }) => path.startsWith('service/')).map(inputOf),
    ],
    finishedAt: release.builtAt,
  };
}

function inputOf({ path, bytes }: ArchiveFile): BuildInput {
  return { uri: path, sha256: sha256Hex(bytes) };
}

async function stopIfChanged(digests: Readonly<Record<string, string>>): Promise<void> {
  const committed = z
    .record(z.string(), z.string())
    .parse(JSON.parse(await readFile(DIGESTS_FILE, 'utf8')));
  const paths = new Set([...Object.keys(committed), ...Object.keys(digests)]);
  const changed = [...paths].filter((path) => digests[path] !== committed[path]);
  if (changed.length === 0) return;
  throw new Error(
    `not the committed bytes: ${changed.join(', ')}. If you meant it, run with --update-digests`,
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: DEFAULT_OUT },
      'update-digests': { type: 'boolean', default: false },
    },
  });
  const built = await buildFixtures();
  await writeFixtures(values.out, built);
  const digests = digestsOf(built);
  if (values['update-digests']) await writeFile(DIGESTS_FILE, jsonBytes(digests));
  else await stopIfChanged(digests);
  process.stdout.write(`${RELEASES.length} releases in ${values.out}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
