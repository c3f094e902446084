import { spawn, type ChildProcess } from 'node:child_process';
import { bundlePath } from '../../scripts/build/build-program.ts';

/** The server as the program that people start. */
export interface ServerProcess {
  readonly http: string;
  readonly mqtt: string;
  /** Printed at the very first start only. */
  readonly firstToken: string | undefined;
  readonly output: () => string;
  /** Ends it with a signal; resolves to its exit code, or null when the signal ended it. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
}

/** As it ships (build-programs.ts). */
const MAIN = bundlePath({ name: 'sealift-server' });

/** Starts the server on free ports and waits until it says that it listens. */
export async function startServerProcess(args: readonly string[]): Promise<ServerProcess> {
  const child = spawnServer(['--http-port', '0', '--mqtt-port', '0', ...args]);
  const { output, ended } = follow(child);
  const listening = await line(child, output, ended, /^\{"event":"listening".*\}$/m);
  const { http, mqtt } = JSON.parse(listening) as { http: string; mqtt: string };
  return {
    http,
    mqtt,
    firstToken: /^first operator token \(shown once\): (slo_\S+)$/m.exec(output())?.[1],
    output,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

/** Runs the program until it ends by itself. */
export async function runServerProcess(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  const { output, ended } = follow(spawnServer(args));
  return { code: await ended, output: output() };
}

function spawnServer(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function follow(child: ChildProcess): { output: () => string; ended: Promise<number | null> } {
  let text = '';
  const add = (chunk: Buffer): void => {
    text += chunk.toString('utf8');
  };
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { output: () => text, ended };
}

async function line(
  child: ChildProcess,
  output: () => string,
  ended: Promise<number | null>,
  pattern: RegExp,
): Promise<string> {
  const found = new Promise<string>((resolve) => {
    const look = (): void => {
      const match = pattern.exec(output())?.[0];
      if (match !== undefined) resolve(match);
    };
    child.stdout?.on('data', look);
  });
  const gone = ended.then((code) => {
    throw new Error(`the server ended with ${code}: ${output()}`);
  });
  return Promise.race([found, gone]);
}
