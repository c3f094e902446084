import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildFacts } from '../../scripts/build/build-facts.ts';
import { buildProgram } from '../../scripts/build/build-program.ts';
import { AGENT } from '../../scripts/build/programs.ts';
import { chooseArchitectures } from '../../scripts/deb/architecture.ts';
import { buildDeb } from '../../scripts/deb/build-deb.ts';

/** Builds the package for arm64 from this checkout, in a folder of its own. */
export async function packAgent(): Promise<string> {
  const facts = await buildFacts();
  await buildProgram(AGENT, facts);
  const [architecture] = chooseArchitectures('arm64');
  if (architecture === undefined) throw new Error('no arm64');
  const out = await mkdtemp(join(tmpdir(), 'sealift-deb-test-'));
  const maintainer = 'Test <test@sealift.example>';
  return buildDeb({ facts, architecture, maintainer, out, revision: '1' });
}

/** Unpacks it without installing; answers the folder. */
export async function unpacked(deb: string): Promise<string> {
  const tree = await mkdtemp(join(tmpdir(), 'sealift-deb-tree-'));
  await promisify(execFile)('dpkg-deb', ['--extract', deb, tree]);
  return tree;
}
