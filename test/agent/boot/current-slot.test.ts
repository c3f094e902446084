import { describe, expect, test } from 'vitest';
import { currentSlot, thisKernel, type CurrentSource } from '../../../agent/boot/current-slot.ts';

const NAMES = { a: 'A', b: 'B' };
const ROOTS = { a: '/dev/mmcblk0p2', b: '/dev/mmcblk0p3' };
const DEVICES = new Map([
  [ROOTS.a, 0xb302],
  [ROOTS.b, 0xb303],
]);

const slotOn = (source: CurrentSource, commandLine: string, rootDevice = 0) =>
  currentSlot(source, NAMES, {
    commandLine: () => Promise.resolve(commandLine),
    rootDevice: () => Promise.resolve(rootDevice),
    deviceNumber: (path) => Promise.resolve(DEVICES.get(path) ?? -1),
  });

describe('the slot that runs', () => {
  const argument: CurrentSource = { from: 'argument', name: 'rauc.slot' };
  const unknown: unknown = expect.objectContaining({ code: 'boot_slot_unknown' });

  test('is what the kernel command line says', async () => {
    expect(await slotOn(argument, 'quiet root=/dev/x rauc.slot=B\n')).toBe('b');
    expect(await slotOn(argument, 'rauc.slot=A rauc.slot=A')).toBe('a');
    expect(await slotOn({ from: 'root', ...ROOTS }, 'ro root=/dev/mmcblk0p3')).toBe('b');
  });

  test('is the device that / lies on, where that is what is asked for', async () => {
    expect(await slotOn({ from: 'device', ...ROOTS }, '', 0xb303)).toBe('b');
  });

  test.each([
    ['quiet', 'the kernel command line has no rauc.slot='],
    ['xrauc.slot=A', 'has no rauc.slot='],
    ['rauc.slot=C', 'says "C", which is neither "A" nor "B"'],
    ['rauc.slot=', 'says ""'],
    ['rauc.slot=A rauc.slot=B', 'says rauc.slot=A and rauc.slot=B'],
  ])('is not guessed from %j', async (commandLine, words) => {
    await expect(slotOn(argument, commandLine)).rejects.toThrow(unknown);
    await expect(slotOn(argument, commandLine)).rejects.toThrow(words);
  });

  test('is not guessed from a device that is neither', async () => {
    await expect(slotOn({ from: 'device', ...ROOTS }, '', 1)).rejects.toThrow(unknown);
  });

  test('is found although the device of the other slot is not there', async () => {
    const gone = { ...ROOTS, a: '/dev/no-such-device' };
    const kernel = { ...thisKernel, rootDevice: () => thisKernel.deviceNumber('/dev/null') };

    expect(await currentSlot({ from: 'device', ...gone, b: '/dev/null' }, NAMES, kernel)).toBe('b');
    const nowhere: CurrentSource = { from: 'device', ...gone, b: '/dev/null/nor-this' };
    await expect(currentSlot(nowhere, NAMES, kernel)).rejects.toThrow(unknown);
  });

  test('can be asked of this kernel', async () => {
    expect(typeof (await thisKernel.commandLine())).toBe('string');
    expect(typeof (await thisKernel.rootDevice())).toBe('number');
    expect(await thisKernel.deviceNumber('/dev/null')).toBeGreaterThan(0);
  });
});
