import { createHash } from 'node:crypto';

/** Whole percent of the fleet that each phase and all before it reach together, ascending. */
export type Percents = readonly number[];

/** A device and the phase it belongs to. */
export interface Membership {
  readonly device: string;
  readonly phase: number;
}

/**
 * Who is in which phase: the devices ranked by a hash of rollout and device, cut at each share.
 *
 * Exact, not probable: 20 % of five devices is one. Stable for one rollout, different for the next,
 * so that it is not always the same device that goes first.
 */
export function planPhases(
  rollout: string,
  devices: readonly string[],
  percents: Percents,
): readonly Membership[] {
  const ranked = devices
    .map((device) => ({ device, rank: hashOf(rollout, device) }))
    .sort((left, right) => Buffer.compare(left.rank, right.rank));
  const ends = percents.map((percent) => Math.ceil((percent * devices.length) / 100));
  return ranked.flatMap(({ device }, place) => {
    const phase = ends.findIndex((end) => place < end);
    return phase === -1 ? [] : [{ device, phase }];
  });
}

/**
 * The phase of a device that comes later, when the ranks are dealt out: the first whose share covers
 * its hash. Undefined when the rollout does not reach that far.
 */
export function phaseOfNewcomer(
  rollout: string,
  device: string,
  percents: Percents,
): number | undefined {
  const share = (hashOf(rollout, device).readUInt32BE(0) / 2 ** 32) * 100;
  const phase = percents.findIndex((percent) => share < percent);
  return phase === -1 ? undefined : phase;
}

function hashOf(rollout: string, device: string): Buffer {
  return createHash('sha256').update(`${rollout}:${device}`).digest();
}
