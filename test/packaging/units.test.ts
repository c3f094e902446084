import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { describeWith } from '../operator/signers/tools.ts';
import { packAgent, unpacked } from './pack.ts';

const UNITS = 'usr/lib/systemd/system';
const SERVICES = ['sealift-agent', 'sealift-agent-once', 'sealift-agent-doctor'];
/** In tenths, as `systemd-analyze security` counts: 10 is a service without any sandbox. */
const EXPOSURE = 22;

/** Exit code and complaints of systemd-analyze. */
function analyze(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly says: string }> {
  return new Promise((resolve) => {
    execFile('systemd-analyze', [...args], (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : 0;
      resolve({ code, says: stdout + stderr });
    });
  });
}

describeWith(['dpkg-deb', 'systemd-analyze'], 'the systemd units of the agent', () => {
  let deb: string;
  let tree: string;
  beforeAll(async () => {
    deb = await packAgent();
    tree = await unpacked(deb);
  });
  const verify = async (
    root: string,
  ): Promise<{ readonly code: number; readonly says: string }> => {
    const names = (await readdir(join(root, UNITS))).filter((name) => /\.\w+$/.test(name));
    const units = names.filter((name) => !name.endsWith('.d')).map((name) => `/${UNITS}/${name}`);
    return analyze('verify', '--man=no', '--recursive-errors=no', `--root=${root}`, ...units);
  };

  test('are such that systemd has nothing to complain of', async () => {
    const { code, says } = await verify(tree);

    expect(says).not.toMatch(/Unknown|Failed to parse|not executable|ignoring/);
    expect(code).toBe(0);
  });

  test('would be complained of for a word with a typing error, or a program that is not there', async () => {
    const spoiled = await unpacked(deb);
    const unit = join(spoiled, UNITS, 'sealift-agent.service');
    const text = await readFile(unit, 'utf8');
    await writeFile(unit, text.replace('PrivateTmp=', 'PrivatTmp='));
    await rm(join(spoiled, 'usr/bin/sealift-agent'));

    const { code, says } = await verify(spoiled);

    expect(says).toContain("Unknown key 'PrivatTmp'");
    expect(says).toContain('/usr/bin/sealift-agent is not executable');
    expect(code).not.toBe(0);
  });

  test('take each of the examples as an addition', async () => {
    const folder = join(tree, 'usr/lib/sealift/examples');
    const examples = (await readdir(folder)).filter((name) => name.endsWith('.conf'));
    for (const example of examples) {
      const extended = await unpacked(deb);
      const into = join(extended, UNITS, 'sealift-agent.service.d');
      await mkdir(into);
      await writeFile(join(into, example), await readFile(join(folder, example)));

      const { code, says } = await verify(extended);

      expect(says, example).not.toMatch(/Unknown|Failed to parse|ignoring/);
      expect(code, example).toBe(0);
    }
    expect(examples).toHaveLength(5);
  });

  test.each(SERVICES)('hold %s in, as systemd-analyze measures it', async (name) => {
    const unit = join(tree, UNITS, `${name}.service`);
    const security = ['security', '--no-pager', '--offline=true'];

    const held = await analyze(...security, `--threshold=${EXPOSURE}`, unit);

    expect(held).toMatchObject({ code: 0 });
  });

  test('would be measured as too open without the sandbox', async () => {
    const open = await unpacked(deb);
    const unit = join(open, UNITS, 'sealift-agent.service');
    const text = await readFile(unit, 'utf8');
    await writeFile(unit, text.slice(0, text.indexOf('ProtectSystem=')));

    const security = ['security', '--no-pager', '--offline=true', `--threshold=${EXPOSURE}`];

    expect(await analyze(...security, unit)).not.toMatchObject({ code: 0 });
  });

  test('start nothing on a device without configuration', async () => {
    for (const name of SERVICES) {
      const text = await readFile(join(tree, UNITS, `${name}.service`), 'utf8');

      expect(text).toContain('ConditionPathExists=/etc/sealift/agent.json\n');
    }
  });

  test('of the two ways to run are never active together', async () => {
    const others = ['once.service', 'once.timer', 'once-boot.timer', 'once.path'];
    const resident = await readFile(join(tree, UNITS, 'sealift-agent.service'), 'utf8');
    const conflicts = [...resident.matchAll(/^Conflicts=(.*)$/gm)].flatMap(([, names = '']) =>
      names.split(' '),
    );

    expect(conflicts.sort()).toEqual(others.map((name) => `sealift-agent-${name}`).sort());
  });

  test('take every way in which a run once may end, but broken and misconfigured, for a success', async () => {
    const once = await readFile(join(tree, UNITS, 'sealift-agent-once.service'), 'utf8');

    expect(once).toContain('SuccessExitStatus=3 4 5 6 7 SIGTERM\n');
  });

  test('know a time of the hour that systemd understands', async () => {
    const timer = await readFile(join(tree, UNITS, 'sealift-agent-once.timer'), 'utf8');
    const [, calendar = ''] = /^OnCalendar=(.*)$/m.exec(timer) ?? [];

    expect(await analyze('calendar', calendar)).toMatchObject({ code: 0 });
  });
});
