import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { describeWith } from '../operator/signers/tools.ts';

/**
 * `describe` for tests that give files to other owners and set attributes. They need root, the
 * programs of Debian's attr, libcap2-bin and libarchive-tools, and a temporary folder on a file system
 * that holds attributes. Otherwise they are skipped and say why; in CI they fail.
 */
export function describeAsRoot(title: string, body: () => void): void {
  const why = whyNot();
  if (why === undefined) {
    describeWith(['setfattr', 'getfattr', 'setcap', 'getcap', 'bsdtar'], title, body);
    return;
  }
  if (process.env['CI'] === 'true') throw new Error(`${title} ${why}`);
  process.stderr.write(`skipped: ${title} ${why}\n`); // the reporter tells only that, not why
  describe.skip(title, body);
}

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const folder = mkdtempSync(join(tmpdir(), 'sealift-attributes-'));
  const { status, error } = spawnSync('setfattr', ['-n', 'user.x', '-v', 'x', folder]);
  rmSync(folder, { recursive: true });
  if (error !== undefined || status === 0) return undefined; // the missing program is told by its name
  return `needs extended attributes in ${tmpdir()}`;
}
