import { execFileSync } from 'node:child_process';
import { chmod, chown, lchown, lstat, mkdir, mkdtemp, readFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { readTree } from '../../../agent/install/measure-tree.ts';
import { unpackArchive } from '../../../agent/install/unpack-archive.ts';
import { readArtifact } from '../../../operator/author/read-artifact.ts';
import { ARCHIVE_LIMITS } from '../../../shared/release/archive-entries.ts';
import type { Restore } from '../../../shared/release/restore.ts';
import { treeDigest } from '../../../shared/release/tree-digest.ts';
import { describeAsRoot } from '../../support/as-root.ts';
import { giveOddCapability, makeRootTree, pack, PACKERS } from '../../support/root-archive.ts';

let folder: string;
let slot: string;
let archive: string;
const BOTH: Restore = ['owners', 'xattrs'];

const tree = (): string => join(folder, 'tree');
const inSlot = (path: string): string => join(slot, path);
const measured = async (restore: Restore): Promise<string> =>
  treeDigest(await readTree(slot, { measuring: 'read', restore }), restore);
const signed = async (restore?: Restore): Promise<string | undefined> =>
  (await readArtifact(archive, 'archive', () => undefined, restore)).installedSha256;
const unpack = (restore?: Restore): Promise<void> =>
  unpackArchive(archive, slot, { ...ARCHIVE_LIMITS, restore }, () => undefined);
const attributesOf = (path: string): string =>
  execFileSync('getfattr', ['-hd', '-m', '-', '-e', 'hex', '--absolute-names', inSlot(path)], {
    encoding: 'utf8',
  });

describeAsRoot('an archive whose rights are restored', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealift-restore-'));
    slot = join(folder, 'slot');
    archive = join(folder, 'archive.tar');
    await mkdir(slot);
    await mkdir(tree());
    await makeRootTree(tree());
  });

  test.each(Object.keys(PACKERS) as (keyof typeof PACKERS)[])(
    'stands in the slot as %s packed it, to the digest that its author signed',
    async (packer) => {
      pack(packer, tree(), archive);

      await unpack(BOTH);

      expect(await measured(BOTH)).toBe(await signed(BOTH));
      expect(await lstat(inSlot('bin/su'))).toMatchObject({ mode: 0o104755, uid: 0 });
      expect(await lstat(inSlot('bin/write'))).toMatchObject({ mode: 0o102755, gid: 5 });
      expect(await lstat(inSlot('tmp'))).toMatchObject({ mode: 0o041777 });
      expect(await lstat(inSlot('ping'))).toMatchObject({ uid: 33, gid: 33 });
      expect(await lstat(inSlot('var/mail'))).toMatchObject({ mode: 0o042770, uid: 8, gid: 8 });
      const kept = await lstat(inSlot('var/mail/daemon state=ö'));
      expect(kept).toMatchObject({ mode: 0o100600, uid: 70_001, gid: 70_002 });
      const caps = execFileSync('getcap', [inSlot('bin/ping')], { encoding: 'utf8' });
      expect(caps.trim()).toBe(`${inSlot('bin/ping')} cap_net_raw=ep`);
      expect((await lstat(inSlot('bin/ping4'))).ino).toBe((await lstat(inSlot('bin/ping'))).ino);
      expect(attributesOf('var/mail')).toContain('user.label=0x6d61696c');
    },
  );

  test('is the same tree for every packer', async () => {
    const digests: (string | undefined)[] = [];
    for (const packer of Object.keys(PACKERS) as (keyof typeof PACKERS)[]) {
      pack(packer, tree(), archive);
      digests.push(await signed(BOTH));
    }
    expect(new Set(digests).size).toBe(1);
  });

  test('that holds an attribute which is no text is refused from GNU tar, and taken from bsdtar', async () => {
    giveOddCapability(tree());
    pack('GNU tar', tree(), archive);
    await expect(signed(BOTH)).rejects.toThrow(/bsdtar --format=pax --options xattrheader/);
    await expect(unpack(BOTH)).rejects.toThrow(
      expect.objectContaining({ code: 'restore_unsupported' }),
    );

    await rename(slot, join(folder, 'half'));
    await mkdir(slot);
    pack('bsdtar', tree(), archive);
    await unpack(BOTH);
    expect(await measured(BOTH)).toBe(await signed(BOTH));
    expect(attributesOf('bin/newuidmap')).toContain('=0x0100000280000000');
  });

  test('may bring owners only, and then no capability gets lost in silence', async () => {
    pack('GNU tar', tree(), archive);
    await expect(unpack(['owners'])).rejects.toThrow(
      expect.objectContaining({ code: 'restore_unsupported' }),
    );

    execFileSync('setcap', ['-r', join(tree(), 'bin', 'ping')]);
    await rename(slot, join(folder, 'half'));
    await mkdir(slot);
    pack('GNU tar', tree(), archive);
    await unpack(['owners']);
    expect(await measured(['owners'])).toBe(await signed(['owners']));
    expect(attributesOf('var/mail')).toBe(''); // nobody asked for it
  });

  test('may bring attributes only: everything belongs to the agent', async () => {
    await chmod(join(tree(), 'bin', 'su'), 0o755);
    await chmod(join(tree(), 'bin', 'write'), 0o755);
    await chmod(join(tree(), 'tmp'), 0o755);
    await chmod(join(tree(), 'var', 'mail'), 0o750);
    pack('GNU tar', tree(), archive);

    await unpack(['xattrs']);

    expect(await measured(['xattrs'])).toBe(await signed(['xattrs']));
    expect(await lstat(inSlot('var/mail'))).toMatchObject({ uid: 0, mode: 0o040750 });
    expect(attributesOf('bin/ping')).toContain('security.capability');
  });

  test('has another digest for each thing that is asked for', async () => {
    await chmod(join(tree(), 'bin', 'su'), 0o755);
    await chmod(join(tree(), 'bin', 'write'), 0o755);
    await chmod(join(tree(), 'tmp'), 0o755);
    await chmod(join(tree(), 'var', 'mail'), 0o750);
    execFileSync('setcap', ['-r', join(tree(), 'bin', 'ping')]);
    pack('GNU tar', tree(), archive);

    const forms = [undefined, ['owners'], ['xattrs'], BOTH, ['xattrs', 'owners']] as const;
    const digests = await Promise.all(forms.map((restore) => signed(restore)));

    expect(new Set(digests).size).toBe(4);
    expect(digests[3]).toBe(digests[4]); // the order of the words is nothing
  });

  test.each([
    ['an owner', () => chown(inSlot('version'), 1_000, 0)],
    ['a group', () => chown(inSlot('version'), 0, 1_000)],
    ['the owner of a link', () => lchown(inSlot('ping'), 0, 0)],
    ['a setuid bit', () => chmod(inSlot('bin/ping'), 0o4755)],
    ['a sticky bit', () => chmod(inSlot('tmp'), 0o777)],
    ['a lost capability', () => run('setcap', '-r', inSlot('bin/ping'))],
    ['a new capability', () => run('setcap', 'cap_sys_admin=ep', inSlot('version'))],
    ['an attribute', () => run('setfattr', '-n', 'user.label', '-v', 'x', inSlot('var/mail'))],
    ['a new attribute', () => run('setfattr', '-n', 'user.new', '-v', 'x', inSlot('version'))],
  ])('changes its digest with %s', async (_, change) => {
    pack('GNU tar', tree(), archive);
    await unpack(BOTH);
    const before = await measured(BOTH);
    expect(await measured(BOTH)).toBe(before);

    await change();

    expect(await measured(BOTH)).not.toBe(before);
  });

  test('does not mind labels that the kernel gives', async () => {
    pack('GNU tar', tree(), archive);
    await unpack(BOTH);
    await run('setfattr', '-n', 'trusted.label', '-v', 'x', inSlot('version'));

    expect(await measured(BOTH)).toBe(await signed(BOTH));
  });

  test('on a file system that holds no attributes the update fails, and blames nobody', async () => {
    pack('GNU tar', tree(), archive);
    slot = '/proc/self'; // no attribute can be set there
    const { setAttributes } = await import('../../../agent/install/extended-attributes.ts');

    await expect(setAttributes(slot, new Map([['status', ['user.x=0x61']]]))).rejects.toEqual(
      expect.objectContaining({ name: 'TargetUnfit', reason: 'target_unsuitable' }),
    );
  });

  test('as a layer may remove and replace what it brought, with its rights', async () => {
    const over = join(folder, 'over');
    await mkdir(join(over, 'bin'), { recursive: true });
    const touch = (path: string): Promise<void> => run('touch', join(over, path));
    await mkdir(join(over, 'var'));
    await touch('bin/.wh.ping');
    await touch('var/.wh.mail');
    pack('GNU tar', tree(), archive);
    const layer = join(folder, 'layer.tar');
    execFileSync('tar', ['-cf', layer, '-C', over, 'bin/.wh.ping', 'var/.wh.mail']);
    execFileSync('tar', ['--concatenate', '-f', archive, layer]);

    await unpack(BOTH);

    expect(await measured(BOTH)).toBe(await signed(BOTH));
    await expect(lstat(inSlot('var/mail'))).rejects.toThrow('ENOENT');
    await expect(lstat(inSlot('bin/ping'))).rejects.toThrow('ENOENT');
    // Its other name is still there, with the capability of the file.
    expect(attributesOf('bin/ping4')).toContain('security.capability');
    expect(await readFile(inSlot('bin/ping4'), 'utf8')).toContain('echo bin/ping');
  });
});

function run(program: string, ...options: readonly string[]): Promise<void> {
  execFileSync(program, options);
  return Promise.resolve();
}
