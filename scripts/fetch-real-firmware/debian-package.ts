import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Hashes } from '../../firmware-fixtures/cyclonedx.ts';
import { runTool } from './run-tool.ts';

/** What a package file says of itself, and its digests. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The source package: Debian's advisories speak of sources. */
  readonly source: string;
  readonly maintainer: string;
  /** Names in `Depends` and `Pre-Depends`, alternatives and all. */
  readonly dependsOn: readonly string[];
  /** The control paragraph as it is, for `/var/lib/dpkg/status`. */
  readonly control: string;
  readonly hashes: Hashes;
}

/** Reads one package file. */
export async function readPackage(debFile: string): Promise<DebianPackage> {
  const control = (await runTool('dpkg-deb', ['--field', debFile])).trimEnd();
  return { ...parseControl(control), hashes: await hashFile(debFile) };
}

/** Reads a control paragraph (Debian Policy 5.3). */
export function parseControl(control: string): Omit<DebianPackage, 'hashes'> {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}: *(.+)$`, 'm').exec(control)?.[1];
  const required = (name: string): string => {
    const value = field(name);
    if (value === undefined) throw new Error(`the package has no field ${name}:\n${control}`);
    return value;
  };
  const name = required('Package');
  return {
    name,
    version: required('Version'),
    architecture: required('Architecture'),
    // `Source: name (version)`, and no field at all when it is the package's own name.
    source: field('Source')?.split(' ')[0] ?? name,
    maintainer: required('Maintainer'),
    dependsOn: namesIn([field('Pre-Depends'), field('Depends')]),
    control,
  };
}

/** `libc6 (>= 2.34), mawk | awk` depends on libc6 and on whichever of the others is there. */
function namesIn(fields: readonly (string | undefined)[]): readonly string[] {
  const alternatives = fields.flatMap((field) => field?.split(/[,|]/) ?? []);
  const names = alternatives.map((text) => /^[a-z0-9.+-]+/.exec(text.trim())?.[0]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

async function hashFile(path: string): Promise<Hashes> {
  const [sha256, sha512] = [createHash('sha256'), createHash('sha512')];
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      sha256.update(chunk);
      sha512.update(chunk);
    }
  });
  return { sha256: sha256.digest('hex'), sha512: sha512.digest('hex') };
}
