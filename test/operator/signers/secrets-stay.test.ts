import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serviceKey } from './signer-world.ts';

const SECRETS = {
  SEALIFT_PASSPHRASE: 'correct horse battery staple',
  SEALIFT_TOKEN: 'slo_a_token',
  SEALIFT_PKCS11_PIN: 'pin-4711',
};

test('the passphrase of a real run is in no argv, no child and no diagnostic report', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-secrets-'));
  const program = join(folder, 'program');
  await writeFile(join(folder, 'public.pem'), serviceKey('p256').pem);
  // The signer looks around: its own argv and environment, and the argv of who called it.
  await writeFile(
    program,
    `#!/bin/sh
cat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline >> ${folder}/seen
[ "$1" = public-key ] || exit 1
kill -USR2 $PPID
exec cat ${folder}/public.pem
`,
    { mode: 0o755 },
  );
  const report = ['--report-on-signal', `--report-directory=${folder}`, '--report-filename=report'];
  const child = spawn(
    process.execPath,
    [
      ...[...report, '--import', 'tsx', 'operator/main.ts', 'keys', 'add', 'a'],
      ...['--role', 'image-root', '--signer', `exec:${program}`],
    ],
    { env: { ...process.env, ...SECRETS, SEALIFT_HOME: join(folder, 'home') }, stdio: 'pipe' },
  );
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  }
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(output.join('')).toContain('[signer_refused]');

  const seen = await readFile(join(folder, 'seen'), 'latin1');
  const diagnostics = await readFile(join(folder, 'report'), 'utf8');
  expect(seen).toContain('keys\0add\0a');
  expect(diagnostics).toContain('environmentVariables');
  for (const secret of Object.values(SECRETS)) {
    expect([seen, diagnostics, ...output].join('\n')).not.toContain(secret);
  }
});
