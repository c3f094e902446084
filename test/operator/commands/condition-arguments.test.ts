import { Command } from 'commander';
import { expect, test } from 'vitest';
import {
  conditionsOf,
  withConditions,
  type ConditionOptions,
} from '../../../operator/commands/condition-arguments.ts';
import { Conditions } from '../../../shared/release/conditions.ts';

/** What the options come to, and that a device can read it. */
function conditionsFrom(...args: readonly string[]): Conditions {
  const command = withConditions(new Command('publish'));
  command.parse(args, { from: 'user' });
  return Conditions.parse(conditionsOf(command.opts<ConditionOptions>()));
}

test.each<[readonly string[], Conditions]>([
  [[], {}],
  [['--window', '22:00-04:00'], { window: { from: '22:00', to: '04:00' } }],
  [
    ['--window', '22:00-04:00@Europe/Berlin'],
    { window: { from: '22:00', to: '04:00', zone: 'Europe/Berlin' } },
  ],
  [['--window', '22:00-04:00@device'], { window: { from: '22:00', to: '04:00', zone: 'device' } }],
  [['--battery', '40'], { battery: { minPercent: 40 } }],
  [['--battery', 'mains'], { battery: { mains: 'required' } }],
  [['--battery', '40,mains'], { battery: { minPercent: 40, mains: 'required' } }],
  [['--battery', '40,or-mains'], { battery: { minPercent: 40, mains: 'suffices' } }],
  [['--unmetered'], { network: { unmetered: true } }],
  [['--interface', 'eth0', 'wlan*'], { network: { interfaces: ['eth0', 'wlan*'] } }],
  [['--free', '500M'], { freeBytes: 500 * 1_024 * 1_024 }],
  [['--free', '4096'], { freeBytes: 4_096 }],
  [['--max-load', '80', '--consent'], { maxLoadPercent: 80, consent: true }],
])('%j is signed as %j', (args, expected) => {
  expect(conditionsFrom(...args)).toEqual(expected);
});
