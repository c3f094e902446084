import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../agent/config/load-config.ts';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { describeWith } from '../operator/signers/tools.ts';
import { packAgent, unpacked } from './pack.ts';

const run = promisify(execFile);
const UNIT = 'usr/lib/systemd/system/sealift-agent';

describeWith(['dpkg-deb'], 'the Debian package of the agent', () => {
  let deb: string;
  let tree: string;
  beforeAll(async () => {
    deb = await packAgent();
    tree = await unpacked(deb);
  });
  const ask = async (...args: readonly string[]): Promise<string> =>
    (await run('dpkg-deb', [...args])).stdout;
  /** `-rwxr-xr-x root/root path` of each entry. */
  const entries = async (): Promise<readonly string[]> =>
    (await ask('--contents', deb))
      .trim()
      .split('\n')
      .map((line) => line.replace(/^(\S+) (\S+) .*? \.\/(.*)$/, '$1 $2 $3'));

  test('holds the program, its units, its examples and its papers, and nothing else', async () => {
    const files = (await entries()).filter((entry) => entry.startsWith('-'));

    expect(files).toEqual([
      '-rwxr-xr-x root/root usr/bin/sealift-agent',
      '-rw-r--r-- root/root usr/lib/sealift/examples/agent.json',
      '-rw-r--r-- root/root usr/lib/sealift/examples/board.conf',
      '-rw-r--r-- root/root usr/lib/sealift/examples/gateway.service',
      '-rw-r--r-- root/root usr/lib/sealift/examples/rights.conf',
      '-rw-r--r-- root/root usr/lib/sealift/examples/slots-elsewhere.conf',
      '-rw-r--r-- root/root usr/lib/sealift/examples/sparing.conf',
      '-rw-r--r-- root/root usr/lib/sealift/examples/update-modules.conf',
      '-rwxr-xr-x root/root usr/lib/sealift/sealift-agent.mjs',
      `-rw-r--r-- root/root ${UNIT}-doctor.service`,
      `-rw-r--r-- root/root ${UNIT}-once-boot.timer`,
      `-rw-r--r-- root/root ${UNIT}-once.path`,
      `-rw-r--r-- root/root ${UNIT}-once.service`,
      `-rw-r--r-- root/root ${UNIT}-once.timer`,
      `-rw-r--r-- root/root ${UNIT}.service`,
      '-rw-r--r-- root/root usr/lib/systemd/system-preset/80-sealift-agent.preset',
      '-rw-r--r-- root/root usr/lib/tmpfiles.d/sealift-agent.conf',
      '-rw-r--r-- root/root usr/share/doc/sealift-agent/README.md.gz',
      '-rw-r--r-- root/root usr/share/doc/sealift-agent/changelog.Debian.gz',
      '-rw-r--r-- root/root usr/share/doc/sealift-agent/changelog.gz',
      '-rw-r--r-- root/root usr/share/doc/sealift-agent/copyright',
      '-rw-r--r-- root/root usr/share/lintian/overrides/sealift-agent',
      '-rw-r--r-- root/root usr/share/man/man8/sealift-agent.8.gz',
    ]);
  });

  test('brings folders for the owner of the device, and no configuration that would start anything', async () => {
    const owners = (await entries()).filter((entry) => entry.includes(' etc/'));

    expect(owners).toEqual([
      'drwxr-xr-x root/root etc/',
      'drwxr-xr-x root/root etc/sealift/',
      'drwxr-xr-x root/root etc/sealift/hooks.d/',
      'drwxr-xr-x root/root etc/sealift/roots/',
    ]);
  });

  test('asks for a Node that runs the agent', async () => {
    const field = async (name: string): Promise<string> => (await ask('--field', deb, name)).trim();

    expect(await field('Package')).toBe('sealift-agent');
    expect(await field('Architecture')).toBe('arm64');
    expect(await field('Depends')).toBe('nodejs (>= 20.19)');
    expect(await field('Maintainer')).toBe('Test <test@sealift.example>');
    expect(Number(await field('Installed-Size'))).toBeGreaterThan(400);
  });

  test('is the same bytes when it is built again from the same commit', async () => {
    const again = await packAgent();

    expect(sha256Hex(await readFile(again))).toBe(sha256Hex(await readFile(deb)));
  });

  test('has a checksum of each file', async () => {
    const sums = await ask('--info', deb, 'md5sums');
    const named = sums
      .trim()
      .split('\n')
      .map((line) => line.slice(34))
      .sort();
    const files = (await entries()).filter((entry) => entry.startsWith('-'));

    expect(named).toEqual(files.map((entry) => entry.split(' ').at(-1)).sort());
  });

  test('comes with the licence of every package in the bundle', async () => {
    const copyright = await readFile(join(tree, 'usr/share/doc/sealift-agent/copyright'), 'utf8');

    for (const name of ['mqtt', 'tar', 'zod', '@noble/ed25519', 'bl', 'lru-cache']) {
      expect(copyright).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(.+\\)$`, 'm'));
    }
    expect(copyright).not.toContain('(only the name');
  });

  test('has maintainer scripts that a shell can read', async () => {
    for (const script of ['postinst', 'prerm', 'postrm']) {
      const text = await ask('--info', deb, script);
      const checked = run('sh', ['-n']);
      checked.child.stdin?.end(text);

      await expect(checked).resolves.toMatchObject({ stderr: '' });
    }
  });

  test('shows a configuration that the agent takes as it is', async () => {
    const config = await loadConfig(join(tree, 'usr/lib/sealift/examples/agent.json'));

    expect(config).toMatchObject({
      stateDir: '/var/lib/sealift',
      slotsDir: '/var/lib/sealift-slots',
    });
  });

  test('starts the Node in the package where there is one', async () => {
    const wrapper = await readFile(join(tree, 'usr/bin/sealift-agent'), 'utf8');
    const moved = wrapper.replaceAll('/usr/lib/sealift', join(tree, 'usr/lib/sealift'));
    const { stdout } = await run('sh', ['-c', moved, 'sealift-agent', '--version']);

    expect(stdout).toMatch(/^sealift-agent \d/);
  });
});
