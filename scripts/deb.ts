// `npm run deb`: the agent as a Debian package, one an architecture.
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildAll } from './build/build-all.ts';
import { chooseArchitectures } from './deb/architecture.ts';
import { buildDeb } from './deb/build-deb.ts';
import { fetchNode } from './deb/bundled-node.ts';
import { run } from './processes/run.ts';
import { fromRoot } from './root.ts';

const HELP = `npm run deb -- [--arch arm64|armhf|both|amd64] [--with-node VERSION] [--out FOLDER]
               [--revision N] [--maintainer "NAME <ADDRESS>"]

Builds the agent and packs it: program, systemd units, examples, manual page (packaging/README.md).
Needs dpkg-deb (on Debian: apt-get install dpkg). The same commit makes the same bytes.

  --arch        both (default) are arm64 and armhf
  --with-node   put Node of that line into the package (22, or 22.23.3), from the npm registry: for
                systems without nodejs 20.19 or newer, such as Debian 12. Without it the package
                depends on nodejs. There is none for armhf: the registry's newest is too old.
  --out         default: dist
  --revision    of the package, for the same version of Sealift; default: 1
  --maintainer  who answers for this package
`;

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: 'both' },
    'with-node': { type: 'string' },
    out: { type: 'string', default: 'dist' },
    revision: { type: 'string', default: '1' },
    maintainer: { type: 'string', default: 'Sealift maintainers <maintainers@sealift.example>' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
try {
  await main();
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { revision, maintainer, 'with-node': wanted } = values;
  if (!/^[1-9]\d*$/.test(revision)) throw new Error(`--revision is a number, not ${revision}`);
  const architectures = chooseArchitectures(values.arch);
  await requireDpkg();
  const nodes = new Map<string, Awaited<ReturnType<typeof fetchNode>>>();
  if (wanted !== undefined) {
    // Before anything is built: one that cannot be had ends it.
    for (const each of architectures) {
      nodes.set(each.id, await fetchNode(each, wanted, fromRoot('.cache', 'deb')));
    }
  }
  const { facts } = await buildAll();
  for (const architecture of architectures) {
    const deb = await buildDeb({
      ...{ facts, architecture, revision, maintainer },
      node: nodes.get(architecture.id),
      out: resolve(values.out),
    });
    const { size } = await stat(deb);
    console.log(`${join(values.out, basename(deb))}  ${Math.ceil(size / 1_000)} kB`);
  }
}

async function requireDpkg(): Promise<void> {
  const found = await run(['dpkg-deb', '--version']).catch(() => undefined);
  if (found?.code === 0) return;
  throw new Error(
    'dpkg-deb is not installed: install the package "dpkg" (Debian has it; others do too)',
  );
}
