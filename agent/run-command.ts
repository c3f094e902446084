/** A program of the device's owner, from its configuration: never through a shell. */
export interface Command {
  readonly command: readonly string[];
  readonly folder: string;
  readonly timeoutMs: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** How it ended. */
export type CommandResult =
  { readonly kind: 'succeeded' } | { readonly kind: 'failed'; readonly detail: string };

/**
 * Runs a command to its end, or kills it after its time. Its output goes nowhere: a daemon that it
 * leaves behind would otherwise keep our pipe open for ever.
 */
export function runCommand({
  command: [program = '', ...args],
  folder,
  timeoutMs,
  environment = {},
}: Command): Promise<CommandResult> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: folder,
      stdio: 'ignore',
      env: { ...process.env, ...environment },
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const end = (result: CommandResult): void => {
      clearTimeout(timer);
      resolve(result);
    };
    child.on('error', ({ message }) => {
      end({ kind: 'failed', detail: `${program}: ${message}` });
    });
    child.on('exit', (code, signal) => {
      if (code === 0) end({ kind: 'succeeded' });
      else if (late) end({ kind: 'failed', detail: `${program} ran longer than ${timeoutMs} ms` });
      else end({ kind: 'failed', detail: `${program} ended with ${String(code ?? signal)}` });
    });
  });
}
