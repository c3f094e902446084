import type { Config } from '../config/load-config.ts';
import { deviceFacts } from './device-facts.ts';
import type { ConditionDeps } from './heed-conditions.ts';
import { judgeConditions } from './judge-conditions.ts';

/** The two clocks of a device: what it goes by, and what its log says. */
interface Clocks {
  readonly deviceNow: () => Promise<Date>;
  readonly now: () => Date;
}

/** Conditions as this device judges them. */
export function openConditions(config: Config, { deviceNow, now }: Clocks): ConditionDeps {
  const facts = deviceFacts(config, deviceNow);
  return { now, judge: (candidate) => judgeConditions(facts, candidate) };
}
