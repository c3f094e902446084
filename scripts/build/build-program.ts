import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { build, type BuildOptions } from 'esbuild';
import { fromRoot, ROOT } from '../root.ts';
import type { BuildFacts } from './build-facts.ts';
import type { Program } from './programs.ts';

// Some bundled packages are CommonJS and ask for node:* through `require`, which ESM has not.
const REQUIRE = `import{createRequire as $require}from'node:module';const require=$require(import.meta.url);`;

const EMPTY_MODULE = fromRoot('scripts', 'build', 'empty-module.cjs');

/** Bundles one program into dist/, with its metafile beside it. Returns its length in bytes. */
export async function buildProgram(program: Program, facts: BuildFacts): Promise<number> {
  const { outputFiles, metafile } = await build(optionsFor(program, facts));
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`bug: esbuild wrote nothing for ${program.name}`);
  const bytes = withShebang(file.text);
  await mkdir(fromRoot('dist'), { recursive: true });
  await replaceFile(metafilePath(program), Buffer.from(JSON.stringify(metafile)), 0o644);
  await replaceFile(bundlePath(program), bytes, 0o755);
  return bytes.length;
}

/** The program that `npm run build` made. */
export function bundlePath({ name }: Pick<Program, 'name'>): string {
  return fromRoot('dist', `${name}.mjs`);
}

/** What went into it, by file (esbuild's metafile). */
export function metafilePath({ name }: Pick<Program, 'name'>): string {
  return fromRoot('dist', `${name}.meta.json`);
}

function optionsFor({ entry, packages, without = [], instead = {} }: Program, facts: BuildFacts) {
  return {
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: 'dist/out.mjs',
    bundle: true,
    minify: packages === 'bundle',
    packages,
    alias: { ...instead, ...Object.fromEntries(without.map((name) => [name, EMPTY_MODULE])) },
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    banner: { js: REQUIRE },
    legalComments: 'none',
    metafile: true,
    write: false,
    define: {
      SEALIFT_VERSION: JSON.stringify(facts.version),
      SEALIFT_BUILD_TIME: JSON.stringify(facts.builtAt.toISOString()),
    },
  } as const satisfies BuildOptions;
}

/** The entry may have its own first line; the banner has pushed it down or esbuild kept it. */
function withShebang(text: string): Buffer {
  return Buffer.from(text.startsWith('#!') ? text : `#!/usr/bin/env node\n${text}`);
}

/** By rename, because another process may be starting the program at this moment. */
async function replaceFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await writeFile(aside, bytes, { mode });
  await rename(aside, path);
}
