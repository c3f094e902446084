import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isInRange, whyNotInstalled } from '../../scripts/ensure-installed/compare.mjs';
import { fromRoot } from '../../scripts/root.ts';

const RANGE = '^20.19.0 || ^22.12.0 || ^24.0.0';

describe('the range of Node versions', () => {
  test.each(['v20.19.0', 'v20.20.2', 'v22.12.0', 'v24.0.0', 'v24.9.1'])('has %s', (version) => {
    expect(isInRange(version, RANGE)).toBe(true);
  });

  test.each(['v18.20.0', 'v20.18.9', 'v21.7.0', 'v22.11.9', 'v23.1.0', 'v26.0.0'])(
    'does not have %s',
    (version) => {
      expect(isInRange(version, RANGE)).toBe(false);
    },
  );
});

describe('packages are installed anew', () => {
  const lock = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/hono': { version: '4.13.19' },
      'node_modules/other-platform': { version: '1.0.0', optional: true },
    },
  };

  test('never while they are those of package-lock.json', () => {
    const installed = { packages: { 'node_modules/hono': { version: '4.13.19' } } };

    expect(whyNotInstalled(lock, installed)).toBeUndefined();
  });

  test('when nothing, or only half, has been installed', () => {
    expect(whyNotInstalled(lock, undefined)).toMatch(/no complete node_modules/);
  });

  test('when a package is missing', () => {
    expect(whyNotInstalled(lock, { packages: {} })).toMatch(/hono is missing/);
  });

  test('when a package has another version', () => {
    const installed = { packages: { 'node_modules/hono': { version: '4.0.0' } } };

    expect(whyNotInstalled(lock, installed)).toMatch(/hono is 4\.0\.0, .* wants 4\.13\.19/);
  });
});

describe('the program', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealift-installed-'));
    await mkdir(join(folder, 'scripts'));
    const names = ['ensure-installed.mjs', 'ensure-installed'];
    for (const name of names) {
      await cp(fromRoot('scripts', name), join(folder, 'scripts', name), { recursive: true });
    }
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('says nothing when there is nothing to do', async () => {
    const { stdout, stderr } = await run(fromRoot('scripts/ensure-installed.mjs'));

    expect(stdout + stderr).toBe('');
  });

  test('names the Node versions it wants when it runs on another', async () => {
    const wanted = JSON.stringify({ engines: { node: '^99.0.0' } });
    await writeFile(join(folder, 'package.json'), wanted);

    await expect(run(join(folder, 'scripts/ensure-installed.mjs'))).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Sealift needs Node ^99.0.0; this is v') as string,
    });
  });
});

function run(program: string) {
  return promisify(execFile)(process.execPath, [program]);
}
