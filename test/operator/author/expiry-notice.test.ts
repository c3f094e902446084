import { expect, test } from 'vitest';
import { fileStatus } from '../../../operator/author/ceremony/status.ts';
import { expiryNotices } from '../../../operator/author/expiry-notice.ts';
import { fleetTrust } from './ceremony/fleet-trust.ts';

const standing = await fleetTrust(); // roots until 2027-06-01T12:00, the rest until 2026-11-28T12:00
const noticesAt = (instant: string, published = 'lock'): readonly string[] =>
  expiryNotices(fileStatus(standing, new Date(instant)), published);

test('an author hears 60 days ahead of every file that runs out, and how to renew it', () => {
  expect(noticesAt('2026-09-29T12:00:00Z')).toEqual([
    'warning: image targets expires on 2026-11-28, in 60 days; devices then refuse what rests on it. Renew it: sealift keys renew --targets',
    'warning: product gateway expires on 2026-11-28, in 60 days; devices then refuse what rests on it. Renew it: sealift keys renew --product gateway',
  ]);
});

test('and nothing before that', () => {
  expect(noticesAt('2026-09-29T11:59:59Z')).toEqual([]);
});

test('of the roots of both repositories too', () => {
  const said = noticesAt('2027-05-01T12:00:00Z').join('\n');
  expect(said).toContain('image root expires on 2027-06-01, in 31 days');
  expect(said).toContain('director root expires on 2027-06-01, in 31 days');
  expect(said).toContain('image targets expired on 2026-11-28');
});

test('but not of the product that gets a new expiry just now', () => {
  expect(noticesAt('2026-10-29T12:00:00Z', 'gateway')).toHaveLength(1);
});
