import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where distributions put SoftHSM's module. */
const MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm2.so',
  '/usr/lib/pkcs11/libsofthsm2.so',
];

export const PIN = 'secret-pin-4711';

/** A token of its own, in a folder of its own. */
export interface SoftHsm {
  readonly module: string;
  readonly env: Readonly<Record<string, string>>;
  readonly uri: (object: string) => string;
  /** Makes a key pair; `type` as pkcs11-tool names it. */
  readonly makeKey: (
    label: string,
    id: string,
    type?: 'EC:prime256v1' | 'EC:edwards25519' | 'rsa:2048',
  ) => Promise<void>;
  readonly deleteKey: (id: string) => Promise<void>;
}

/** Makes a token called `label`. */
export async function startSoftHsm(label: string): Promise<SoftHsm> {
  const module = MODULES.find((path) => existsSync(path));
  if (module === undefined) throw new Error(`SoftHSM's module is at none of ${MODULES.join(', ')}`);
  const folder = await mkdtemp(join(tmpdir(), 'sealift-softhsm-'));
  await mkdir(join(folder, 'tokens'));
  const conf = join(folder, 'softhsm2.conf');
  await writeFile(conf, `directories.tokendir = ${folder}/tokens\nlog.level = ERROR\n`);
  const env = { PATH: process.env['PATH'] ?? '', SOFTHSM2_CONF: conf };
  const init = ['--init-token', '--free', '--label', label, '--pin', PIN, '--so-pin', '12345678'];
  await run('softhsm2-util', init, { env });
  const tool = async (...args: readonly string[]): Promise<void> => {
    const login = ['--module', module, '--token-label', label, '--login', '--pin', PIN];
    await run('pkcs11-tool', [...login, ...args], { env });
  };
  return {
    module,
    env,
    uri: (object) => `pkcs11:token=${label};object=${object}?module-path=${module}`,
    makeKey: async (name, id, type = 'EC:prime256v1') =>
      tool('--keypairgen', '--key-type', type, '--label', name, '--id', id),
    deleteKey: async (id) => {
      await tool('--delete-object', '--type', 'privkey', '--id', id);
      await tool('--delete-object', '--type', 'pubkey', '--id', id);
    },
  };
}
