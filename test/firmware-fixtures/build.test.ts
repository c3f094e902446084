import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { buildFixtures, DIGESTS_FILE, digestsOf } from '../../firmware-fixtures/build.ts';
import { folderNameOf, RELEASES } from '../../firmware-fixtures/releases.ts';
import { readOrigin, TRUSTED_FIRMWARE } from '../../firmware-fixtures/trusted-firmware.ts';
import { readArchive } from './read-archive.ts';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../..', import.meta.url));
const committed: unknown = JSON.parse(await readFile(DIGESTS_FILE, 'utf8'));

test('two builds give the same bytes, and they are the committed ones', async () => {
  const first = digestsOf(await buildFixtures());
  const second = digestsOf(await buildFixtures());

  expect(second).toEqual(first);
  expect(first).toEqual(committed);
});

test('the command writes the committed bytes, each release in its own folder', async () => {
  const out = await mkdtemp(join(tmpdir(), 'sealift-fixtures-'));

  await run(process.execPath, ['--import', 'tsx', 'firmware-fixtures/build.ts', '--out', out], {
    cwd: repository,
  });

  const paths = Object.keys(committed as object);
  const written = await Promise.all(
    paths.map(async (path): Promise<[string, Buffer]> => [path, await readFile(join(out, path))]),
  );
  expect(digestsOf(new Map(written))).toEqual(committed);
});

test('every release holds the firmware of both boards, the service and its own facts', async () => {
  const built = await buildFixtures();

  for (const release of RELEASES) {
    const folder = folderNameOf(release);
    const entries = await readArchive(built.get(`${folder}/artifact.tar`) ?? Buffer.alloc(0));
    const files = new Map(entries.map(({ path, bytes }) => [path, bytes]));

    expect([...files.keys()]).toEqual([
      'firmware/',
      'firmware/copyright',
      'firmware/rpi3/',
      'firmware/rpi3/bl31.bin',
      'firmware/rpi4/',
      'firmware/rpi4/bl31.bin',
      'release.json',
      'service/',
      'service/required-files.json',
      'service/server.mjs',
    ]);
    expect(files.get('firmware/rpi4/bl31.bin')).toEqual(await readOrigin('rpi4/bl31.bin'));
    expect(files.get('release.json')).toEqual(built.get(`${folder}/release.json`));
  }
});

test('the origin of the real firmware is recorded for people with the digests that the build checks', async () => {
  const record = await readFile(join(repository, 'firmware-fixtures/origin/README.md'), 'utf8');

  const digests = [TRUSTED_FIRMWARE.debSha256, ...Object.values(TRUSTED_FIRMWARE.files)];
  for (const digest of digests) expect(record).toContain(digest);
});
