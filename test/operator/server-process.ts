import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bundlePath } from '../../scripts/build/build-program.ts';

/** The real server as its own process, on free ports, with an empty data folder. */
export interface ServerProcess {
  readonly url: string;
  readonly token: string;
  readonly stop: () => Promise<void>;
}

/** Starts it and waits until it listens. */
export async function startServerProcess(): Promise<ServerProcess> {
  const data = await mkdtemp(join(tmpdir(), 'sealift-server-'));
  const ports = ['--http-port', '0', '--mqtt-port', '0'];
  const child = spawn(
    process.execPath,
    [bundlePath({ name: 'sealift-server' }), '--data', data, ...ports],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  let token: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    token ??= /^first operator token .*: (slo_\S+)$/.exec(line)?.[1];
    const url = /"http":"([^"]+)"/.exec(line)?.[1];
    if (url !== undefined && token !== undefined) return { url, token, stop };
  }
  throw new Error('the server ended before it listened');
}
