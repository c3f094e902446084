import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeBehind } from '../../../agent/download/write-behind.ts';

const MIB = 1_024 * 1_024;
const milliseconds = (): number => 0;

async function emptyFile(): Promise<{ readonly file: FileHandle; readonly path: string }> {
  const path = join(await mkdtemp(join(tmpdir(), 'sealift-')), 'file');
  return { path, file: await open(path, 'w+') };
}

/** A disk that takes every write at once, and fails as it is told. */
function disk(failing: Partial<Record<'write' | 'datasync', Error>>): FileHandle {
  const write = (_bytes: Buffer, _from: number, length: number): Promise<object> =>
    failing.write ? Promise.reject(failing.write) : Promise.resolve({ bytesWritten: length });
  const datasync = (): Promise<void> =>
    failing.datasync ? Promise.reject(failing.datasync) : Promise.resolve();
  return { write, datasync } as unknown as FileHandle;
}

async function writeMebibytes(file: FileHandle, mebibytes: number): Promise<void> {
  const sink = writeBehind({ file, hash: createHash('sha256'), from: 0, milliseconds });
  for (let written = 0; written < mebibytes; written += 1) await sink.write(Buffer.alloc(MIB));
  await sink.flush();
}

test.each([1, 65_536, MIB - 1, MIB, MIB + 1, 3 * MIB])(
  'what comes in pieces of %i bytes is hashed, and stands where it belongs',
  async (pieceBytes) => {
    const { file, path } = await emptyFile();
    const bytes = randomBytes(pieceBytes === 1 ? 2_000 : 3 * MIB + 5);
    const hash = createHash('sha256');
    const sink = writeBehind({ file, hash, from: 7, milliseconds });

    for (let at = 0; at < bytes.length; at += pieceBytes) {
      await sink.write(bytes.subarray(at, at + pieceBytes));
    }
    await sink.flush();
    await file.close();

    expect((await readFile(path)).subarray(7).equals(bytes)).toBe(true);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  },
);

test('a write that failed behind is thrown', async () => {
  const full = new Error('no space');

  await expect(writeMebibytes(disk({ write: full }), 1)).rejects.toBe(full);
});

test('a disk that failed behind, before the end, is not believed at the end', async () => {
  const broken = new Error('input/output error');

  await expect(writeMebibytes(disk({ datasync: broken }), 70)).rejects.toBe(broken);
  await expect(writeMebibytes(disk({}), 70)).resolves.toBeUndefined();
});

test('on a slow line, no more than the last second is behind when the power goes', async () => {
  let now = 0;
  let written = 0;
  let flushed = 0;
  const file = {
    write: (_bytes: Buffer, _from: number, length: number) => {
      written += length;
      return Promise.resolve({ bytesWritten: length });
    },
    datasync: () => {
      flushed = written;
      return Promise.resolve();
    },
  } as unknown as FileHandle;
  const hash = createHash('sha256');
  const sink = writeBehind({ file, hash, from: 0, milliseconds: () => now });

  for (let came = 1; came <= 8; came += 1) {
    await sink.write(Buffer.alloc(MIB));
    await new Promise(setImmediate);
    // One buffer is being written, and what came before it is on the disk or on its way.
    expect(came * MIB - flushed).toBeLessThanOrEqual(2 * MIB);
    now += 1_000;
  }
});
