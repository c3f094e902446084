import { statfs } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/load-config.ts';
import { runCommand } from '../run-command.ts';
import { consents } from './consent.ts';
import type { DeviceFacts } from './judge-conditions.ts';
import { POWER_SUPPLIES, readPower } from './power.ts';
import { isOneOf, wayTo } from './way-out.ts';

type Configured = Pick<Config, 'stateDir' | 'slotsDir' | 'server' | 'conditions'>;

/** What this device finds out about itself, by its system and its configuration. */
export function deviceFacts(config: Configured, now: () => Promise<Date>): DeviceFacts {
  const { stateDir, slotsDir, server } = config;
  const { timeZone, metered, unmeteredCommand, consentFile, consentCommand } = config.conditions;
  const ask = asker(config);
  return {
    now,
    timeZone,
    power: () => readPower(POWER_SUPPLIES),
    wayOut: () => wayTo(new URL(server.http).hostname),
    isMetered: async (name) =>
      unmeteredCommand === undefined
        ? isOneOf(name, metered)
        : !(await ask(unmeteredCommand, { SEALIFT_INTERFACE: name })),
    freeBytes: async () => Math.min(...(await Promise.all([stateDir, slotsDir].map(freeIn)))),
    loadPercent: () => Math.round(((loadavg()[0] ?? 0) * 100) / availableParallelism()),
    consents: (release) => {
      const { product, version, manifestSha256 } = release;
      const about = {
        SEALIFT_PRODUCT: product,
        SEALIFT_VERSION: version,
        SEALIFT_MANIFEST: manifestSha256,
      };
      const file = consentFile ?? join(stateDir, 'consent');
      const asked = consentCommand && ((): Promise<boolean> => ask(consentCommand, about));
      return consents({ file, ask: asked }, release);
    },
  };
}

function asker({ stateDir: folder, conditions }: Configured) {
  const timeoutMs = conditions.commandSeconds * 1_000;
  return async (
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<boolean> => {
    const { kind } = await runCommand({ command, folder, timeoutMs, environment });
    return kind === 'succeeded';
  };
}

async function freeIn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
