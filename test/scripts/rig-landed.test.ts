import { describe, expect, test } from 'vitest';
import { landedAt, type Landed } from '../../scripts/rig/landed.ts';
import { PLANS } from '../../scripts/rig/moments.ts';

const entered = (stage: string): string =>
  `{"event":"stage_entered","report":3,"version":"2.0.0","stage":"${stage}"}\n`;

/** The old release runs from slot B. */
const whereIs = (sinceOffer: string, sincePowerOn = sinceOffer, onlyReads = false): Landed =>
  landedAt({ sinceOffer, sincePowerOn, oldSlot: 'B', onlyReads });

const installing = entered('downloading') + entered('installing');
const activating = installing + entered('activating');

describe('a power cut is counted where it fell', () => {
  test.each<readonly [Landed, string]>([
    ['at rest', ''],
    ['download', entered('downloading')],
    ['slot write', `${installing}##SETENV begin\n##SETENV end\n`],
    ['environment write', `${installing}##SETENV begin\n`],
    ['activation', activating],
    ['first boot', `${activating}##ENV copy=1 order=A B A=3 B=3\n`],
    ['first boot', `${activating}##ENV copy=1\n##BOOT slot=A\n##INIT slot=A version=2.0.0\n`],
    ['boot of the old release', `${activating}##ENV copy=1\n##BOOT slot=B\n`],
    ['start of the agent', `${activating}##BOOT slot=A\n##READY slot=A version=2.0.0\n`],
    ['trial', activating + entered('trial')],
    ['commit', activating + entered('trial') + entered('committing')],
    ['at rest', `${activating}{"event":"update_committed","report":9}\n`],
    ['rollback', activating + entered('rolling_back')],
  ])('%s', (landed, serial) => {
    expect(whereIs(serial === '' ? '{"event":"update_committed"}' : serial)).toBe(landed);
  });

  test('what is only read while a slot is installed is its read-back', () => {
    expect(whereIs(installing, installing, true)).toBe('read-back');
  });

  test('a board that has said nothing since the power came is booting what it had been told to', () => {
    expect(whereIs(installing, '')).toBe('boot of the old release');
    expect(whereIs(activating, '')).toBe('first boot');
  });

  test('a stage that was entered before the power came goes on after it', () => {
    const since = '##ENV copy=1\n##BOOT slot=A\n##READY slot=A\n##SETENV begin\n##SETENV end\n';
    expect(whereIs(activating + entered('trial') + since, since)).toBe('trial');
  });
});

test('every part of an update is aimed at within three updates', () => {
  const names = PLANS.slice(0, 3).flatMap((moments) => moments.map(({ name }) => name));
  const parts = ['slot write', 'read-back', 'environment write', 'first boot', 'trial', 'commit'];
  expect(names).toEqual(expect.arrayContaining([...parts, 'random']));
});
