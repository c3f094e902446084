// Runs before `npm test`, `npm run demo`, `check` and `bench`, so that each works straight after
// `git clone`. Plain JavaScript without packages: it is what runs when there are none.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInRange, whyNotInstalled } from './ensure-installed/compare.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
// Everything goes to stderr: `npm run --silent demo -- --json` must print nothing but JSON.
const say = (line) => process.stderr.write(`${line}\n`);

const readJson = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

function readJsonIfThere(path) {
  try {
    return readJson(path);
  } catch {
    return undefined; // missing or half written: both mean that the installation did not finish
  }
}

// A native module that was compiled for another Node is installed and yet does not load.
function whyNativeModuleFails() {
  try {
    createRequire(join(ROOT, 'package.json'))('better-sqlite3/build/Release/better_sqlite3.node');
    return undefined;
  } catch {
    return `better-sqlite3 is not compiled for Node ${process.version}`;
  }
}

function requireNodeInRange({ engines }) {
  if (isInRange(process.version, engines.node)) return;
  say(`Sealift needs Node ${engines.node}; this is ${process.version}.`);
  say('Install one of those (https://nodejs.org) and run the same command again.');
  process.exit(1);
}

function install(why) {
  say(`Installing packages first: ${why}.`);
  say('Running `npm ci`, 1 to 3 minutes: better-sqlite3 is compiled from source on Node 20.');
  const started = process.hrtime.bigint();
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    say('`npm ci` failed; its output is above. It needs the package registry, and to compile');
    say('better-sqlite3 a C++ compiler, make and Python 3 (Debian: build-essential python3).');
    process.exit(1);
  }
  const seconds = Number((process.hrtime.bigint() - started) / 1_000_000_000n);
  say(`Installed in ${seconds} s.`);
}

requireNodeInRange(readJson('package.json'));
const why =
  whyNotInstalled(
    readJson('package-lock.json'),
    readJsonIfThere('node_modules/.package-lock.json'),
  ) ?? whyNativeModuleFails();
if (why !== undefined) install(why);
