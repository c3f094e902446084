import { expect, test } from 'vitest';
import { holdersOf, withHolders } from '../../../shared/ceremony/holders.ts';

const anna = { name: 'Anna', since: '2026-06-01T12:00:00Z' };

test('holders are read back as they were written, and nothing else of the file changes', () => {
  const file = { version: 3, 'x-sealift': { later: true } };
  const written = withHolders(file, new Map([['a1', anna]]));
  expect(written).toEqual({ version: 3, 'x-sealift': { later: true, holders: { a1: anna } } });
  expect(holdersOf(written)).toEqual(new Map([['a1', anna]]));
});

test.each([
  ['no field', {}],
  ['another form', { 'x-sealift': 'anna' }],
  ['a holder without a name', { 'x-sealift': { holders: { a1: { since: anna.since } } } }],
  ['a name too long', { 'x-sealift': { holders: { a1: { ...anna, name: 'a'.repeat(101) } } } }],
])('%s names nobody and refuses nothing', (_what, file) => {
  expect(holdersOf(file).size).toBe(0);
});
