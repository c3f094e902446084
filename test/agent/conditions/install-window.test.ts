import { afterEach, describe, expect, test } from 'vitest';
import { isInsideWindow, timeOfDay } from '../../../agent/conditions/install-window.ts';
import { Conditions } from '../../../shared/release/conditions.ts';

const at = (time: string, day = '2026-06-01'): Date => new Date(`${day}T${time}:00Z`);
const inZone = (zone: string, from: string, to: string, now: Date): boolean =>
  isInsideWindow({ from, to, zone }, now, undefined);

describe('an install window without a zone is in UTC', () => {
  test.each([
    ['02:00', '04:00', '01:59', false],
    ['02:00', '04:00', '02:00', true],
    ['02:00', '04:00', '03:59', true],
    ['02:00', '04:00', '04:00', false],
    ['22:00', '02:00', '21:59', false],
    ['22:00', '02:00', '23:59', true],
    ['22:00', '02:00', '00:00', true],
    ['22:00', '02:00', '01:59', true],
    ['22:00', '02:00', '02:00', false],
    ['22:00', '02:00', '12:00', false],
  ])('from %s to %s, at %s: %s', (from, to, time, expected) => {
    expect(isInsideWindow({ from, to }, at(time), 'Asia/Tokyo')).toBe(expected);
  });
});

describe('an install window in a zone', () => {
  test.each([
    // Berlin is two hours ahead in summer, one in winter.
    ['2026-06-01', '00:00', true],
    ['2026-06-01', '01:59', true],
    ['2026-06-01', '02:00', false],
    ['2026-12-01', '00:59', false],
    ['2026-12-01', '01:00', true],
    ['2026-12-01', '02:59', true],
    ['2026-12-01', '03:00', false],
  ])('02:00-04:00 in Berlin, on %s at %s UTC: %s', (day, time, expected) => {
    expect(inZone('Europe/Berlin', '02:00', '04:00', at(time, day))).toBe(expected);
  });

  test.each([
    ['Asia/Kolkata', '18:29', false],
    ['Asia/Kolkata', '18:30', true], // midnight, half an hour off
    ['America/St_Johns', '02:29', false],
    ['America/St_Johns', '02:30', true],
  ])('counts half hours: midnight in %s at %s UTC: %s', (zone, time, expected) => {
    expect(inZone(zone, '00:00', '01:00', at(time))).toBe(expected);
  });

  test('runs over midnight there', () => {
    const open = (time: string): boolean => inZone('Asia/Tokyo', '23:00', '01:00', at(time));

    expect([open('13:59'), open('14:00'), open('15:30'), open('16:00')]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

/** In Berlin 2026-03-29 leaves out 02:00 to 03:00, and 2026-10-25 has it twice. */
describe('a day on which clocks are changed', () => {
  const minutesOpen = (day: string, from: string, to: string): number =>
    Array.from({ length: 8 * 60 }, (_, minute) => {
      const now = new Date(Date.parse(`${day}T00:00:00Z`) + (minute - 120) * 60_000);
      return inZone('Europe/Berlin', from, to, now);
    }).filter(Boolean).length;

  test.each([
    ['2026-03-28', '02:00', '03:00', 60],
    ['2026-03-29', '02:00', '03:00', 0],
    ['2026-03-29', '01:30', '03:30', 60],
    ['2026-10-25', '02:00', '03:00', 120],
    ['2026-10-25', '01:30', '03:30', 180],
  ])('%s: %s-%s is open for %i minutes', (day, from, to, minutes) => {
    expect(minutesOpen(day, from, to)).toBe(minutes);
  });
});

describe("the device's own zone", () => {
  const before = process.env['TZ'];
  afterEach(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });

  test('is that of its configuration', () => {
    expect(timeOfDay(at('12:00'), 'Asia/Tokyo')).toBe('21:00');
    const window = { from: '21:00', to: '22:00', zone: 'device' };
    expect(isInsideWindow(window, at('12:00'), 'Asia/Tokyo')).toBe(true);
  });

  test('is that of the system otherwise', () => {
    process.env['TZ'] = 'America/New_York';
    expect(timeOfDay(at('12:00'), undefined)).toBe('08:00');
    const window = { from: '08:00', to: '09:00', zone: 'device' };
    expect(isInsideWindow(window, at('12:00'), undefined)).toBe(true);
  });
});

describe('the conditions of a manifest', () => {
  test.each([
    ['an empty one', {}, true],
    ['a window as 0.1.0 signed it', { window: { from: '22:00', to: '04:00' } }, true],
    ['a named zone', { window: { from: '22:00', to: '04:00', zone: 'Europe/Berlin' } }, true],
    ['the zone of the device', { window: { from: '22:00', to: '04:00', zone: 'device' } }, true],
    [
      'a zone that nobody knows',
      { window: { from: '22:00', to: '04:00', zone: 'Mars/Olympus' } },
      false,
    ],
    ['a zone that is an offset', { window: { from: '22:00', to: '04:00', zone: '+01:00' } }, false],
    ['no such hour', { window: { from: '24:00', to: '04:00' } }, false],
    ['percent', { battery: { minPercent: 100 } }, true],
    ['more than a full battery', { battery: { minPercent: 101 } }, false],
    ['mains', { battery: { mains: 'required' } }, true],
    ['mains that suffice for nothing', { battery: { mains: 'suffices' } }, false],
    ['a battery that need not be anything', { battery: {} }, false],
    ['interfaces', { network: { interfaces: ['eth0', 'wlan*'] } }, true],
    ['a network that need not be anything', { network: {} }, false],
    ['an unmetered network', { network: { unmetered: true } }, true],
    ['a network that must be metered', { network: { unmetered: false } }, false],
    ['space, load and consent', { freeBytes: 1, maxLoadPercent: 80, consent: true }, true],
    ['a consent of no', { consent: false }, false],
    ['one of the future', { moonPhase: 'full' }, false],
  ])('may name %s: %j is %s', (_name, conditions, isGood) => {
    expect(Conditions.safeParse(conditions).success).toBe(isGood);
  });
});
