import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

// Messages in English whatever the machine speaks: what we parse and what people report is one text.
const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

/** Runs a Debian tool and returns what it printed, or fails with what it complained about. */
export async function runTool(
  tool: string,
  args: readonly string[],
  cwd?: string,
): Promise<string> {
  try {
    const { stdout } = await run(tool, args, { env, cwd, maxBuffer: MAX_OUTPUT_BYTES });
    return stdout;
  } catch (cause) {
    throw explained(tool, cause);
  }
}

/** Runs a tool whose output is too much for memory, and leaves the output in `file`. */
export async function runToolInto(
  file: string,
  tool: string,
  args: readonly string[],
): Promise<void> {
  const handle = await open(file, 'w');
  try {
    const child = spawn(tool, args, { env, stdio: ['ignore', handle.fd, 'inherit'] });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`it ended with ${String(code)}`);
  } catch (cause) {
    throw explained(tool, cause);
  } finally {
    await handle.close();
  }
}

function explained(tool: string, cause: unknown): Error {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
    return new Error(
      `${tool} is not installed. This script needs apt-get, dpkg-deb and tar: run it on Debian, or in ` +
        'a Debian container. The committed fixtures (firmware-fixtures/build.ts) need none of them.',
      { cause },
    );
  }
  const complaint = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
  return new Error(`${tool} failed${complaint === '' ? '' : `:\n${complaint}`}`, { cause });
}
