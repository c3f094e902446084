import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readPower, whyNotPower, type Power } from '../../../agent/conditions/power.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-power-'));
});

/** A supply as the kernel shows it: a folder of small files. */
async function plug(name: string, fields: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(folder, name));
  for (const [field, value] of Object.entries(fields)) {
    await writeFile(join(folder, name, field), `${value}\n`);
  }
}

const battery = (capacity: string, status = 'Discharging') => ({
  type: 'Battery',
  capacity,
  status,
});

describe('what a device lives on', () => {
  test('is mains where the kernel knows no supplies at all', async () => {
    const power = { isOnMains: true, percent: undefined };
    expect(await readPower(join(folder, 'missing'))).toEqual(power);
    expect(await readPower(folder)).toEqual(power);
  });

  test('is its battery while the charger is off line', async () => {
    await plug('AC', { type: 'Mains', online: '0' });
    await plug('BAT0', battery('37'));
    expect(await readPower(folder)).toEqual({ isOnMains: false, percent: 37 });
  });

  test.each([
    ['Mains', '1'],
    ['USB', '1'],
    ['Wireless', '2'],
  ])('is a %s charger that is on line', async (type, online) => {
    await plug('charger', { type, online });
    await plug('BAT0', battery('37'));
    expect(await readPower(folder)).toEqual({ isOnMains: true, percent: 37 });
  });

  test.each([
    ['Charging', true],
    ['Full', true],
    ['Not charging', true],
    ['Discharging', false],
    ['Unknown', false],
  ])('without a known charger: a battery that is %s means mains: %s', async (status, isOnMains) => {
    await plug('BAT0', battery('80', status));
    expect((await readPower(folder)).isOnMains).toBe(isOnMains);
  });

  test('is the emptiest of several batteries, and unknown when one does not tell', async () => {
    await plug('BAT0', battery('80'));
    await plug('BAT1', battery('12'));
    expect((await readPower(folder)).percent).toBe(12);
    await plug('BAT2', { type: 'Battery', status: 'Discharging' });
    expect((await readPower(folder)).percent).toBeNull();
  });

  test('is not the battery of a keyboard', async () => {
    await plug('hidpp', { ...battery('3'), scope: 'Device' });
    expect(await readPower(folder)).toEqual({ isOnMains: true, percent: undefined });
  });
});

describe('a condition on power', () => {
  const on = (percent: Power['percent'], isOnMains = false): Power => ({ percent, isOnMains });

  test.each([
    ['39 %', { minPercent: 40 }, on(39), false],
    ['40 %', { minPercent: 40 }, on(40), true],
    ['39 % on mains, where both count', { minPercent: 40, mains: 'required' }, on(39, true), false],
    ['40 % on mains, where both count', { minPercent: 40, mains: 'required' }, on(40, true), true],
    ['90 % off mains, where both count', { minPercent: 40, mains: 'required' }, on(90), false],
    ['5 % on mains, where that suffices', { minPercent: 40, mains: 'suffices' }, on(5, true), true],
    ['5 % off mains', { minPercent: 40, mains: 'suffices' }, on(5), false],
    ['mains alone', { mains: 'required' }, on(5, true), true],
    ['no mains', { mains: 'required' }, on(100), false],
    ['no battery: nothing can run out', { minPercent: 40 }, on(undefined, true), true],
    ['a battery that does not tell', { minPercent: 40 }, on(null), false],
  ] as const)('%s', (_name, condition, power, holds) => {
    expect(whyNotPower(condition, power) === undefined).toBe(holds);
  });
});
