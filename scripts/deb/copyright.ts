import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { MetafileSchema } from '../build/agent-size.ts';
import { metafilePath } from '../build/build-program.ts';
import { AGENT } from '../build/programs.ts';
import { fromRoot } from '../root.ts';

/** A work of others inside our package. */
export interface Included {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** The licence in its own words, with its copyright lines. */
  readonly text: string;
}

const Manifest = z.object({ name: z.string(), version: z.string(), license: z.string() });

/** The packages in the agent's bundle, as esbuild noted when it was built. */
export async function bundledPackages(): Promise<readonly Included[]> {
  const metafile = MetafileSchema.parse(JSON.parse(await readFile(metafilePath(AGENT), 'utf8')));
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  return Promise.all([...new Set(folders)].sort().map(readIncluded));
}

async function readIncluded(folder: string): Promise<Included> {
  const at = fromRoot(folder);
  const manifest: unknown = JSON.parse(await readFile(join(at, 'package.json'), 'utf8'));
  const { name, version, license } = Manifest.parse(manifest);
  const file = (await readdir(at)).find((each) => /^licen[cs]e/i.test(each));
  const text =
    file === undefined ? `(only the name: ${license})` : await readFile(join(at, file), 'utf8');
  return { name, version, licence: license, text };
}

/** The copyright file (Debian Policy 12.5): ours, and all that came along. */
export function copyrightFile(included: readonly Included[]): string {
  const sections = included.map(
    ({ name, version, licence, text }) =>
      `${'-'.repeat(72)}\n${name} ${version} (${licence})\n\n${text.replaceAll('\r\n', '\n').trim()}\n`,
  );
  return `sealift-agent: over-the-air updates that the device itself verifies

Copyright: the authors of Sealift

License: Apache-2.0, see /usr/share/common-licenses/Apache-2.0

/usr/lib/sealift/sealift-agent.mjs is one file made of the above and of the
packages below, each under its own licence.

${sections.join('\n')}`;
}
