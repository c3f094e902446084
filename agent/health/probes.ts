import { readFile } from 'node:fs/promises';
import { hasCode } from '../install/durable-file.ts';
import { runCommand } from '../run-command.ts';
import type { Ailment } from './ailment.ts';
import { askHttp } from './ask-http.ts';
import { askTcp } from './ask-tcp.ts';
import { unitProbe } from './ask-unit.ts';

/** A question about the health of the running release. */
export type Probe =
  | { readonly kind: 'http'; readonly url: string; readonly timeoutSeconds: number }
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      readonly timeoutSeconds: number;
    }
  | {
      readonly kind: 'command';
      readonly command: readonly string[];
      readonly timeoutSeconds: number;
    }
  | { readonly kind: 'systemd'; readonly unit: string; readonly timeoutSeconds: number }
  | { readonly kind: 'process'; readonly pidFile: string };

/** Makes the question of a probe. It always answers, within its time. */
export function openProbe(probe: Probe, folder: string): () => Promise<Ailment> {
  switch (probe.kind) {
    case 'http':
      return () => askHttp(probe.url, probe.timeoutSeconds * 1_000);
    case 'tcp':
      return () => askTcp(probe.host, probe.port, probe.timeoutSeconds * 1_000);
    case 'command':
      return () => askCommand(probe.command, folder, probe.timeoutSeconds * 1_000);
    case 'systemd':
      return unitProbe(probe.unit, folder, probe.timeoutSeconds * 1_000);
    case 'process':
      return () => askProcess(probe.pidFile);
  }
}

/** How long a probe may take to answer. */
export function patienceMs(probe: Probe): number {
  return probe.kind === 'process' ? 0 : probe.timeoutSeconds * 1_000;
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
