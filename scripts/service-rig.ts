// `npm run service-rig`: Debian with systemd on an emulated arm64 board, our package in it, and whole
// updates under the hardened units: resident and by the timer.
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { inSetting, type Setting } from './bench/setting.ts';
import { buildAll } from './build/build-all.ts';
import { buildFacts } from './build/build-facts.ts';
import { buildDeb } from './deb/build-deb.ts';
import { chooseArchitectures } from './deb/architecture.ts';
import { fetchNode } from './deb/bundled-node.ts';
import { plainScreen } from './demo/screen.ts';
import { openStage } from './demo/stage.ts';
import { runTool } from './fetch-real-firmware/run-tool.ts';
import { buildInitrd, busyboxOf } from './rig/initrd.ts';
import { fetchPackages } from './rig/packages.ts';
import { startMachine, type Machine } from './service-rig/machine.ts';
import { fetchDebian } from './service-rig/packages.ts';
import { provisionFiles } from './service-rig/provision.ts';
import { debianRoot, provisionDisk } from './service-rig/root.ts';
import { playService } from './service-rig/story.ts';

const HELP = `npm run service-rig -- [--work FOLDER] [--json]

Boots Debian with systemd on an emulated arm64 board (QEMU), installs our package with its Node, and
updates a service under the hardened units: resident, by the timer, asked by hand; upgrades, removes
and purges the package. Takes about a quarter of an hour.
Needs Debian's qemu-system-arm e2fsprogs kmod cpio. FOLDER (default .cache/service-rig) keeps the
downloaded packages; serial.log in it is what the board printed.
`;

const { values } = parseArgs({
  options: {
    work: { type: 'string', default: join('.cache', 'service-rig') },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruption.abort(new Error(`interrupted by ${signal}`));
  });
}
const work = resolve(values.work);
const screen = plainScreen((line) => {
  process.stderr.write(`${line}\n`);
});
const stage = openStage(screen);
try {
  await requireTools();
  await buildAll();
  await inSetting(interruption.signal, screen.progress, play);
  screen.say('Everything above held.');
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
}
if (values.json) {
  const steps = Object.fromEntries(stage.results);
  process.stdout.write(`${JSON.stringify({ steps }, null, 2)}\n`);
}

async function play(setting: Setting): Promise<void> {
  const machine = await stage.step('build', 'Packages and a board are built', () => build(setting));
  try {
    await playService({ setting, stage, machine });
  } finally {
    await machine.stop();
  }
}

async function build(setting: Setting) {
  const run = join(work, 'run');
  await rm(run, { recursive: true, force: true });
  await mkdir(run, { recursive: true });
  const kernel = await fetchPackages(work, screen.progress);
  screen.progress('downloading Debian with systemd for arm64');
  const debian = await fetchDebian(work);
  screen.progress('building the root file system');
  const root = await debianRoot(work, debian, await busyboxOf(work, kernel));
  const files = await provisionFiles(setting);
  const provision = await provisionDisk(work, { packages: await ourPackages(run), files });
  const spare = join(run, 'spare.img');
  await runTool('truncate', ['-s', '16M', spare]);
  const value: Machine = await startMachine({
    kernel: join(kernel.kernelRoot, 'boot', `vmlinuz-${kernel.kernelVersion}`),
    initrd: await buildInitrd(work, kernel),
    disks: [root, provision, spare],
    interrupted: interruption.signal,
    serialFile: join(work, 'serial.log'),
  });
  return { says: `${debian.length} packages of Debian, and ours`, facts: {}, value };
}

/** Two revisions: one to install, one to upgrade to. */
async function ourPackages(out: string): Promise<readonly [string, string]> {
  const facts = await buildFacts();
  const [architecture] = chooseArchitectures('arm64');
  if (architecture === undefined) throw new Error('bug: no arm64');
  const node = await fetchNode(architecture, '22', join(work, 'node-for-package'));
  const maintainer = 'Service rig <rig@sealift.example>';
  const plan = { facts, architecture, maintainer, node, out, compression: 'fast' } as const;
  return [await buildDeb({ ...plan, revision: '1' }), await buildDeb({ ...plan, revision: '2' })];
}

async function requireTools(): Promise<void> {
  const tools = {
    'qemu-system-aarch64': 'qemu-system-arm',
    'mkfs.ext4': 'e2fsprogs',
    modprobe: 'kmod',
    cpio: 'cpio',
  };
  const missing = new Set<string>();
  for (const [tool, debian] of Object.entries(tools)) {
    await runTool('bash', ['-c', 'command -v "$0"', tool]).catch(() => missing.add(debian));
  }
  if (missing.size > 0) throw new Error(`needed: apt-get install ${[...missing].sort().join(' ')}`);
}
