import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tarOf } from '../../../firmware-fixtures/archive.ts';
import { newHome, type Operator } from '../operator.ts';
import { prepareGateway, type Prepared } from '../prepared.ts';

describe('release publish --restore', () => {
  let prepared: Prepared;
  let author: Operator;
  let folder: string;

  beforeAll(async () => {
    prepared = await prepareGateway();
    author = await prepared.again();
    folder = await newHome();
    const setuid = { path: 'bin/su', mode: 0o4755, bytes: Buffer.from('su') };
    await writeFile(join(folder, 'rootfs.tar'), tarOf([setuid]));
    await writeFile(join(folder, 'mcu.bin'), 'firmware');
    const sbom = { bomFormat: 'CycloneDX', specVersion: '1.6' };
    await writeFile(join(folder, 'sbom.json'), JSON.stringify(sbom));
  });

  afterAll(() => prepared.server.close());

  const publish = (version: string, ...more: readonly string[]): readonly string[] => [
    ...['release', 'publish', '--product', 'gateway', '--version', version, '--epoch', '1'],
    ...['--class', 'functional', '--sbom', join(folder, 'sbom.json')],
    ...['--artifact', `rootfs=${join(folder, 'rootfs.tar')}`, ...more],
  ];

  test('signs what devices restore, and the digest of a tree with it', async () => {
    const asked = await author.json(...publish('1.0.0', '--restore', 'rootfs=owners,xattrs'));
    const owners = await author.json(...publish('1.1.0', '--restore', 'rootfs=owners'));

    expect(asked).toMatchObject({ outcome: 'is published' });
    expect(asked['installedSha256']).not.toBe(owners['installedSha256']);
  });

  test('without it a setuid program is refused, as by every device', async () => {
    expect(await author.refused(...publish('1.2.0'))).toBe('archive_refused');
    const attributes = publish('1.2.0', '--restore', 'rootfs=xattrs');
    expect(await author.refused(...attributes)).toBe('archive_refused');
  });

  test.each([
    ['a component that there is not', ['--restore', 'app=owners']],
    [
      'an image, of which nothing is restored',
      ['--artifact', 'mcu=mcu.bin:image', '--restore', 'mcu=owners'],
    ],
  ])('refuses it of %s', async (_, more) => {
    expect(await author.refused(...publish('1.3.0', ...more))).toBe('release_invalid');
  });

  test.each(['rootfs', 'rootfs=labels', 'rootfs=owners,labels', '=owners'])(
    'does not know %s',
    async (text) => {
      const { exitCode, stderr } = await author.run(...publish('1.4.0', '--restore', text));
      expect(exitCode).toBe(2);
      expect(stderr).toContain('COMPONENT=');
    },
  );
});
