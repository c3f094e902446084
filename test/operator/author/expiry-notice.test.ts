import { expect, test } from 'vitest';
import { expiryNotices } from '../../../operator/author/expiry-notice.ts';
import type { Root } from '../../../shared/metadata/root.ts';
import type { Targets } from '../../../shared/metadata/targets.ts';

const expiring = (root: string, targets: string): { root: Root; targets: Targets } => ({
  root: { expires: new Date(root) } as Root,
  targets: { expires: new Date(targets) } as Targets,
});
const now = new Date('2026-06-01T00:00:00Z');

test('an author hears 45 days ahead that a file runs out', () => {
  expect(expiryNotices(expiring('2027-01-01T00:00:00Z', '2026-07-15T23:59:59Z'), now)).toEqual([
    'warning: image targets expires on 2026-07-15, in 44 days; then devices refuse every release',
  ]);
});

test('and nothing before that', () => {
  expect(expiryNotices(expiring('2026-07-16T00:00:00Z', '2026-07-16T00:00:00Z'), now)).toEqual([]);
});
