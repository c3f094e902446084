import { captureCommand } from '../capture-command.ts';
import type { WatchdogLine } from './watchdog.ts';

/** What systemd's watchdog needs. */
export interface SystemdWatchdogOptions {
  /** How long systemd waits for a sign of life before it kills the agent. */
  readonly timeoutMs: number;
  readonly folder: string;
}

const TOOL_MS = 10_000; // systemd-notify itself waits up to 5 s until its message was read

/**
 * systemd's watchdog of the agent's own unit. Its socket takes datagrams, which Node cannot send, so
 * `systemd-notify` does; the unit needs `NotifyAccess=all`. It counts only during a trial:
 * `WATCHDOG_USEC` sets its time at run time, and 0 ends it.
 */
export async function openSystemdWatchdog({
  timeoutMs,
  folder,
}: SystemdWatchdogOptions): Promise<WatchdogLine> {
  const notify = (message: string): Promise<void> => notifySystemd(message, folder);
  await notify(`WATCHDOG_USEC=${Math.round(timeoutMs * 1_000)}`);
  return { feed: () => notify('WATCHDOG=1'), release: () => notify('WATCHDOG_USEC=0') };
}

async function notifySystemd(message: string, folder: string): Promise<void> {
  const captured = await captureCommand({
    command: ['systemd-notify', message],
    folder,
    timeoutMs: TOOL_MS,
    limitBytes: 1_000,
    keep: 'first',
  });
  if (captured.kind === 'ended' && captured.code === 0) return;
  const said =
    captured.kind === 'missing' ? captured.detail : `${captured.kind} ${captured.errors}`;
  throw Object.assign(new Error(`systemd-notify ${message}: ${said.trim()}`), {
    code: 'EIO',
    syscall: 'spawn',
  });
}
