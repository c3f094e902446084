import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';

const TYPES = ['single-file', 'directory', 'deb', 'script'];

/** Unpacked by `.ci/run` from Debian's package, or installed with it. */
const FOLDERS = [
  fileURLToPath(new URL('../../.cache/mender-client/usr/share/mender/modules/v3', import.meta.url)),
  '/usr/share/mender/modules/v3',
];

/**
 * `describe` for tests that run Mender's own update modules. Where they are not there, the tests are
 * skipped and their title says why; in CI they fail instead.
 */
export function describeWithMenderModules(title: string, body: (folder: string) => void): void {
  const folder = FOLDERS.find((path) => TYPES.every((type) => existsSync(`${path}/${type}`)));
  if (folder !== undefined) {
    describe(title, () => {
      body(folder);
    });
    return;
  }
  const why =
    "needs Mender's modules: apt-get download mender-client, dpkg-deb -x it to .cache/mender-client";
  if (process.env['CI'] === 'true') throw new Error(`${title} ${why}`);
  process.stderr.write(`skipped: ${title} ${why}\n`); // the reporter tells only that, not why
  describe.skip(title, () => {
    body('');
  });
}
