import { runCommand } from '../run-command.ts';
import type { ModuleDeps } from './module-deps.ts';
import { ModuleFailure } from './module-failure.ts';

const ASKING_MS = 60_000;

/** Reboots the device, if that is needed, and then never returns. */
export async function rebootDevice(
  { reboot, onRun }: Pick<ModuleDeps, 'reboot' | 'onRun'>,
  isNeeded: boolean,
): Promise<void> {
  if (!isNeeded) return;
  const { command, folder, patienceMs, untilEnd } = reboot;
  onRun(ASKING_MS + patienceMs);
  const asked = await runCommand({ command, folder, timeoutMs: ASKING_MS });
  if (asked.kind === 'failed') throw new ModuleFailure('module_reboot', asked.detail);
  await untilEnd(patienceMs);
  const seconds = Math.round(patienceMs / 1_000);
  const detail = `a reboot was asked for and did not come within ${seconds} s`;
  throw new ModuleFailure('module_reboot', detail);
}
