import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { get as getTls } from 'node:https';
import { hasCode } from '../install/durable-file.ts';
import { runCommand } from '../run-command.ts';

/** A question about the health of the running release. */
export type Probe =
  | { readonly kind: 'http'; readonly url: string; readonly timeoutSeconds: number }
  | {
      readonly kind: 'command';
      readonly command: readonly string[];
      readonly timeoutSeconds: number;
    }
  | { readonly kind: 'process'; readonly pidFile: string };

/** Undefined when healthy, or what is wrong, for people. */
export type Ailment = string | undefined;

/** Asks one probe. It always answers, within its time. */
export function ask(probe: Probe, folder: string): Promise<Ailment> {
  switch (probe.kind) {
    case 'http':
      return askHttp(probe.url, probe.timeoutSeconds * 1_000);
    case 'command':
      return askCommand(probe.command, folder, probe.timeoutSeconds * 1_000);
    case 'process':
      return askProcess(probe.pidFile);
  }
}

/** Healthy is any 2xx; the body does not matter and is not read. */
function askHttp(url: string, timeoutMs: number): Promise<Ailment> {
  return new Promise((resolve) => {
    const request = (url.startsWith('https:') ? getTls : get)(url, { agent: false }, (answer) => {
      const { statusCode = 0 } = answer;
      clearTimeout(timer);
      answer.destroy();
      resolve(statusCode >= 200 && statusCode < 300 ? undefined : `${url} answered ${statusCode}`);
    });
    const late = new Error(`no answer within ${timeoutMs} ms`);
    const timer = setTimeout(() => request.destroy(late), timeoutMs);
    request.on('error', ({ message }) => {
      clearTimeout(timer);
      resolve(`${url}: ${message}`);
    });
  });
}

async function askCommand(
  command: readonly string[],
  folder: string,
  timeoutMs: number,
): Promise<Ailment> {
  const result = await runCommand({ command, folder, timeoutMs });
  return result.kind === 'succeeded' ? undefined : result.detail;
}

async function askProcess(pidFile: string): Promise<Ailment> {
  try {
    const pid = Number((await readFile(pidFile, 'utf8')).trim());
    if (!Number.isSafeInteger(pid) || pid < 1) return `${pidFile} holds no process id`;
    process.kill(pid, 0); // signal 0: only whether it is there
    return undefined;
  } catch (cause) {
    if (hasCode(cause, 'EPERM')) return undefined; // there, and somebody else's
    return `${pidFile}: ${cause instanceof Error ? cause.message : 'unreadable'}`;
  }
}
