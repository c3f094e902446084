import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { removeDurably, writeDurably } from '../../../agent/install/durable-file.ts';
import { keepTwice, readKept } from '../../../agent/install/kept-twice.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-durable-'));
});

describe('a durable file', () => {
  test('is replaced as a whole and leaves nothing else behind', async () => {
    await writeDurably(join(folder, 'stage.json'), Buffer.from('old'));
    await writeDurably(join(folder, 'stage.json'), Buffer.from('new'));

    expect(await readFile(join(folder, 'stage.json'), 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['stage.json']);
  });

  test('keeps its old bytes when the new ones cannot be written', async () => {
    await writeDurably(join(folder, 'stage.json'), Buffer.from('old'));
    await rm(join(folder, 'stage.json.partial'), { force: true });
    await mkdir(join(folder, 'stage.json.partial', 'in-the-way'), { recursive: true });

    await expect(writeDurably(join(folder, 'stage.json'), Buffer.from('new'))).rejects.toThrow();

    expect(await readFile(join(folder, 'stage.json'), 'utf8')).toBe('old');
  });

  test('is readable by its owner alone', async () => {
    await writeDurably(join(folder, 'key'), Buffer.from('secret'));

    expect((await stat(join(folder, 'key'))).mode & 0o777).toBe(0o600);
  });

  test('can be removed twice', async () => {
    await writeDurably(join(folder, 'stage.json'), Buffer.from('old'));
    await removeDurably(join(folder, 'stage.json'));
    await removeDurably(join(folder, 'stage.json'));

    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a value that is kept twice', () => {
  const form = {
    schema: z.strictObject({ epoch: z.number() }),
    plain: (value: { epoch: number }): unknown => value,
  };
  const files = ['floors.json', 'floors.backup.json'] as const;
  const path = (): string => join(folder, 'floors');

  async function saved(epoch: number): Promise<void> {
    const kept = keepTwice(path(), form);
    await kept.load();
    await kept.save({ epoch });
  }

  test('is nothing before the first save', async () => {
    expect(await keepTwice(path(), form).load()).toBeUndefined();
  });

  test.each(files)('survives the loss of %s, which is written again', async (lost) => {
    await saved(7);
    await rm(join(folder, lost));

    expect(await keepTwice(path(), form).load()).toEqual({ epoch: 7 });
    expect((await readdir(folder)).sort()).toEqual([...files].sort());
  });

  const damages = {
    torn: (text: string) => text.slice(0, text.length / 2),
    empty: () => '',
    'lowered by hand': (text: string) => text.replace('7', '3'),
    'of another form': (text: string) => text.replace('epoch', 'epoxy'),
  };

  test.each(files.flatMap((file) => Object.keys(damages).map((damage) => [file, damage] as const)))(
    'survives when %s is %s',
    async (file, damage) => {
      await saved(7);
      const text = await readFile(join(folder, file), 'utf8');
      await writeFile(join(folder, file), damages[damage as keyof typeof damages](text));

      expect(await keepTwice(path(), form).load()).toEqual({ epoch: 7 });
      expect(await readFile(join(folder, file), 'utf8')).toBe(text);
    },
  );

  test('is the newer one when the power went between the two writes', async () => {
    await saved(7);
    const older = await readFile(join(folder, files[1]));
    await saved(8);
    await writeFile(join(folder, files[1]), older);

    expect(await keepTwice(path(), form).load()).toEqual({ epoch: 8 });
  });

  test('is never the older one again, once the newer one was read', async () => {
    await saved(7);
    const older = await readFile(join(folder, files[1]));
    await saved(8);
    await writeFile(join(folder, files[1]), older);
    await keepTwice(path(), form).load();
    await rm(join(folder, files[0]));

    expect(await keepTwice(path(), form).load()).toEqual({ epoch: 8 });
  });

  test('is nothing when both are lost: an honest first day, not a crash', async () => {
    await saved(7);
    for (const file of files) await writeFile(join(folder, file), 'garbage');

    expect(await keepTwice(path(), form).load()).toBeUndefined();
  });

  test('is not brought back to an old value by a load beside a save', async () => {
    await saved(7);
    const kept = keepTwice(path(), form);
    const loads = Array.from({ length: 5 }, () => kept.load());
    const saves = [8, 9].map((epoch) => kept.save({ epoch }));
    await Promise.all([...loads, ...saves, kept.load()]);

    expect(await keepTwice(path(), form).load()).toEqual({ epoch: 9 });
  });

  test('is looked at without being mended', async () => {
    await saved(7);
    await rm(join(folder, files[0]));

    expect(await readKept(path(), form)).toEqual({ epoch: 7 });
    expect(await readdir(folder)).toEqual([files[1]]);
  });
});
