import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** Debian's packages of the programs that these tests drive. */
const PACKAGES = {
  'softhsm2-util': 'softhsm2',
  'pkcs11-tool': 'opensc',
  'ssh-agent': 'openssh-client',
  'ssh-add': 'openssh-client',
  'ssh-keygen': 'openssh-client',
  openssl: 'openssl',
  fw_setenv: 'libubootenv-tool',
  'grub-editenv': 'grub-common',
  bootctl: 'systemd-boot',
  unshare: 'util-linux',
  'systemd-notify': 'systemd',
  'systemd-analyze': 'systemd',
  'dpkg-deb': 'dpkg',
  python3: 'python3',
  'qemu-system-arm': 'qemu-system-arm',
  'arm-none-eabi-gcc': 'gcc-arm-none-eabi',
  sx: 'lrzsz',
  setfattr: 'attr',
  getfattr: 'attr',
  setcap: 'libcap2-bin',
  getcap: 'libcap2-bin',
  bsdtar: 'libarchive-tools',
} as const;
type Tool = keyof typeof PACKAGES;

/**
 * `describe` for tests that need programs of the system. Where one is missing they are skipped and
 * their title says why; in CI (`CI=true`, as `.ci/run` sets it) they fail instead.
 */
export function describeWith(tools: readonly Tool[], title: string, body: () => void): void {
  const missing = tools.filter((tool) => !isInstalled(tool));
  if (missing.length === 0) {
    describe(title, body);
    return;
  }
  const packages = [...new Set(missing.map((tool) => PACKAGES[tool]))].join(' ');
  const why = `needs ${missing.join(', ')}: apt-get install ${packages}`;
  if (process.env['CI'] === 'true') throw new Error(`${title} ${why}`);
  process.stderr.write(`skipped: ${title} ${why}\n`); // the reporter tells only that, not why
  describe.skip(title, body);
}

function isInstalled(tool: Tool): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
