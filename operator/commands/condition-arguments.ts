import { InvalidArgumentError, type Command } from 'commander';
import type { Conditions } from '../../shared/release/conditions.ts';
import { collect, parseWindow, wholeNumber } from './arguments.ts';

/** What the options of a release say about when devices may begin to install it. */
export interface ConditionOptions {
  readonly window?: Conditions['window'];
  readonly battery?: Conditions['battery'];
  readonly unmetered?: true;
  readonly interface?: readonly string[];
  readonly free?: number;
  readonly maxLoad?: number;
  readonly consent?: true;
}

/** Adds these options to a command. */
export function withConditions(command: Command): Command {
  return command
    .option(
      '--window <from-to[@zone]>',
      "install only between these times, HH:MM-HH:MM, UTC or @Europe/Berlin or @device (the device's own)",
      parseZonedWindow,
    )
    .option(
      '--battery <spec>',
      'install only with so many percent, on mains, or either: 40 | mains | 40,mains | 40,or-mains',
      parseBattery,
    )
    .option('--unmetered', 'install only while the way to the server costs nothing')
    .option('--interface <name...>', 'install only over these interfaces, such as eth*', collect)
    .option('--free <bytes>', 'install only with so much disk space free, such as 500M', parseBytes)
    .option(
      '--max-load <percent>',
      'install only while the processors are less busy than this',
      wholeNumber(1, 10_000),
    )
    .option('--consent', 'install only once somebody at the device says yes');
}

/** The conditions that were asked for, as they are signed. */
export function conditionsOf(options: ConditionOptions): Conditions {
  const { window, battery, unmetered, interface: interfaces, free, maxLoad, consent } = options;
  const network = {
    ...(unmetered && { unmetered }),
    ...(interfaces && { interfaces: [...interfaces] }),
  };
  return {
    ...(window && { window }),
    ...(battery && { battery }),
    ...(Object.keys(network).length > 0 && { network }),
    ...(free !== undefined && { freeBytes: free }),
    ...(maxLoad !== undefined && { maxLoadPercent: maxLoad }),
    ...(consent && { consent }),
  };
}

/** `HH:MM-HH:MM`, and after an `@` the zone; whether there is such a zone the manifest's schema says. */
export function parseZonedWindow(text: string): NonNullable<Conditions['window']> {
  const [times = '', zone, ...more] = text.split('@');
  const window = parseWindow(times);
  if (window.from === window.to) throw new InvalidArgumentError('it would never be open');
  if (more.length > 0 || zone === '') {
    throw new InvalidArgumentError('after the @ comes one time zone, such as Europe/Berlin');
  }
  return zone === undefined ? window : { ...window, zone };
}

const BATTERY = /^(?:(\d{1,3})(?:,(mains|or-mains))?|mains)$/;

/** `40`, `mains`, `40,mains` (both) or `40,or-mains` (either). */
export function parseBattery(text: string): NonNullable<Conditions['battery']> {
  const [whole, percent, mains] = BATTERY.exec(text) ?? [];
  if (whole === undefined) {
    throw new InvalidArgumentError('it must be 40, mains, 40,mains or 40,or-mains');
  }
  if (percent === undefined) return { mains: 'required' };
  const minPercent = wholeNumber(1, 100)(percent);
  if (mains === undefined) return { minPercent };
  return { minPercent, mains: mains === 'mains' ? 'required' : 'suffices' };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** A number of bytes, or of KiB, MiB, GiB: `500M`. */
export function parseBytes(text: string): number {
  const [whole, count, unit = ''] = /^(\d{1,9})([KMG]?)$/.exec(text) ?? [];
  if (whole === undefined) throw new InvalidArgumentError('it must be bytes, such as 500M or 2G');
  return Number(count) * (UNITS[unit] ?? 1);
}
