import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { unpackArchive } from '../../../agent/install/unpack-archive.ts';
import { END_OF_ARCHIVE, fileBlocks } from '../../../firmware-fixtures/archive.ts';
import { hostileArchives } from '../../../firmware-fixtures/hostile/hostile.ts';
import {
  attributes,
  capability,
  CAPABILITY,
} from '../../../firmware-fixtures/hostile/rights-attacks.ts';
import { ARCHIVE_LIMITS } from '../../../shared/release/archive-entries.ts';
import type { Restore } from '../../../shared/release/restore.ts';
import { describeAsRoot } from '../../support/as-root.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-rights-'));
  await mkdir(join(folder, 'slot'));
});

async function unpack(bytes: Buffer | undefined, restore: Restore = []): Promise<void> {
  const archive = join(folder, 'archive');
  await writeFile(archive, bytes ?? '');
  const how = { ...ARCHIVE_LIMITS, restore };
  await unpackArchive(archive, join(folder, 'slot'), how, () => undefined);
}

const UNRESTORED = [
  'capability-with-owners-only',
  'owner-in-comment',
  'attribute-of-kernel',
  'attribute-trusted',
  'attribute-access-list',
  'attribute-label',
  'attribute-spoiled',
  'attribute-of-lines',
  'attribute-odd-name',
];
const MALFORMED = ['attribute-of-all', 'attribute-twice-over'];

function codeOf(name: string): string {
  if (UNRESTORED.includes(name)) return 'restore_unsupported';
  return MALFORMED.includes(name) ? 'archive_malformed' : 'archive_entry_refused';
}

describeAsRoot('every archive that attacks by rights', () => {
  const archives = hostileArchives({ outside: '/nowhere' }).filter(({ restore }) => restore);

  test.each(archives.map((each) => [each.name, codeOf(each.name), each] as const))(
    '%s is refused as %s',
    async (_, code, { build, restore }) => {
      await expect(unpack(await build(), restore)).rejects.toEqual(
        expect.objectContaining({ name: 'Refusal', code }),
      );
      expect((await readdir(folder)).sort()).toEqual(['archive', 'slot']);
    },
  );

  test('has honest neighbours: plain owners, one attribute in both forms, a capability', async () => {
    const file = fileBlocks({ path: 'ping', mode: 0o4755, bytes: Buffer.from('ping') });
    const both = attributes([
      ['uid', Buffer.from('4294967294')],
      ['SCHILY.xattr.user.x', Buffer.from('a')],
      ['LIBARCHIVE.xattr.user.x', Buffer.from('YQ')],
      ['LIBARCHIVE.xattr.security.capability', Buffer.from(CAPABILITY.toString('base64'))],
    ]);
    await unpack(Buffer.concat([both, file, END_OF_ARCHIVE]), ['owners', 'xattrs']);
    expect(await readdir(join(folder, 'slot'))).toEqual(['ping']);
  });

  test('as a name with a line end is refused only where a record beside it counts', async () => {
    const path = Buffer.from('a\nb');
    const named = (more: readonly (readonly [string, Buffer])[]): Buffer =>
      Buffer.concat([
        attributes([['path', path], ...more]),
        fileBlocks({ path: 'a', mode: 0o644, bytes: Buffer.from('a') }),
        END_OF_ARCHIVE,
      ]);
    await unpack(named([]), ['xattrs']);
    await expect(
      unpack(named([['SCHILY.xattr.user.x', path.subarray(0, 1)]]), ['xattrs']),
    ).rejects.toEqual(expect.objectContaining({ code: 'restore_unsupported' }));
  });

  test('without being asked a device leaves attributes of people out, as before', async () => {
    const label = attributes([['SCHILY.xattr.user.x', Buffer.from('a')]]);
    const file = fileBlocks({ path: 'f', mode: 0o644, bytes: Buffer.from('f') });
    await unpack(Buffer.concat([label, file, END_OF_ARCHIVE]));
    await expect(unpack(Buffer.concat([capability(), file, END_OF_ARCHIVE]))).rejects.toEqual(
      expect.objectContaining({ code: 'restore_unsupported' }),
    );
  });
});
