import { expect, test } from 'vitest';
import { parsePlan } from '../../../scripts/fetch-real-firmware/private-apt.ts';
import { runTool } from '../../../scripts/fetch-real-firmware/run-tool.ts';

const printed = `'http://mirror.example/pool/z/zlib1g_1.2.13.dfsg-1_arm64.deb' zlib1g_1%3a1.2.13.dfsg-1_arm64.deb 82744 SHA256:00
'http://mirror.example/pool/b/base-files_12.4_all.deb' base-files_12.4_all.deb 70936 MD5Sum:00
`;

test('a plan of apt is read into packages, sorted, with the epoch in the version', () => {
  expect(parsePlan(printed)).toEqual([
    {
      name: 'base-files',
      version: '12.4',
      fileName: 'base-files_12.4_all.deb',
      lengthBytes: 70_936,
    },
    {
      name: 'zlib1g',
      version: '1:1.2.13.dfsg-1',
      fileName: 'zlib1g_1%3a1.2.13.dfsg-1_arm64.deb',
      lengthBytes: 82_744,
    },
  ]);
});

test('what apt says besides is no package', () => {
  expect(parsePlan('Reading package lists...\nE: none\n')).toEqual([]);
});

test('a machine without the tools is told what it needs', async () => {
  await expect(runTool('apt-get-that-nobody-has', ['update'])).rejects.toThrow(
    /^apt-get-that-nobody-has is not installed\. .*run it on Debian/,
  );
});

test('a tool that fails is reported with its own complaint', async () => {
  const script = 'process.stderr.write("no such mirror"); process.exit(100)';
  await expect(runTool(process.execPath, ['-e', script])).rejects.toThrow(
    /failed:\nno such mirror$/,
  );
});

test('a tool that succeeds gives what it printed', async () => {
  expect(await runTool(process.execPath, ['-e', 'process.stdout.write("fine")'])).toBe('fine');
});
