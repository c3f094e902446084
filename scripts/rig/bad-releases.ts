import type { Behaviour } from './init.ts';

/** A release that must not stay, and what the serial line shows of it. */
export interface BadRelease {
  readonly version: string;
  readonly behaviour: Behaviour;
  readonly title: string;
  /** What is said at each of its tries. */
  readonly shows: RegExp;
  /** How often it must be tried: what is found by U-Boot's count is tried as often as it counts. */
  readonly tries: number;
}

/** One for each way in which a release can fail; the board goes back to B from all of them. */
export const BAD_RELEASES: readonly BadRelease[] = [
  {
    version: '1.2.0',
    behaviour: 'hangs',
    title: '1.2.0 hangs at boot: the watchdog resets the board, U-Boot counts and falls back',
    shows: /##HANG slot=A/,
    tries: 3,
  },
  {
    version: '1.3.0',
    behaviour: 'stops-the-agent',
    title: '1.3.0 stops the agent in its trial: the watchdog resets the board, U-Boot falls back',
    shows: /##STOPPED/,
    tries: 3,
  },
  {
    version: '1.4.0',
    behaviour: 'panics',
    title: '1.4.0 panics at boot: U-Boot counts its tries and falls back',
    shows: /##PANIC slot=A/,
    tries: 3,
  },
  {
    version: '1.5.0',
    behaviour: 'unhealthy',
    title: '1.5.0 boots and is not healthy: the agent goes back',
    shows: /##READY slot=A version=1\.5\.0/,
    tries: 1,
  },
];
