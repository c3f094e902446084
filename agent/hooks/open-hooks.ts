import type { Config } from '../config/load-config.ts';
import type { HookDeps } from './with-hooks.ts';

/** The hooks of a device, by its configuration. */
export function openHooks(
  { hooks, slotsDir }: Pick<Config, 'hooks' | 'slotsDir'>,
  rest: Pick<HookDeps, 'milliseconds' | 'onRun' | 'pause' | 'log'>,
): HookDeps {
  const { folder, timeoutSeconds, retrySeconds, patienceSeconds } = hooks;
  return {
    ...rest,
    folder,
    workFolder: slotsDir,
    timeoutMs: timeoutSeconds * 1_000,
    retryMs: retrySeconds * 1_000,
    patienceMs: patienceSeconds * 1_000,
  };
}
