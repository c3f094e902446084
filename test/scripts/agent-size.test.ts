import { expect, test } from 'vitest';
import { bytesByOwner, sizeProblems } from '../../scripts/build/agent-size.ts';

function bundleOf(inputs: Readonly<Record<string, number>>) {
  const bytes = Object.values(inputs).reduce((sum, length) => sum + length, 0);
  const files = new Map(
    Object.entries(inputs).map(([path, bytesInOutput]) => [path, { bytesInOutput }]),
  );
  return bytesByOwner({ outputs: { 'out.mjs': { bytes, inputs: Object.fromEntries(files) } } });
}

test('bytes are counted by package and by top-level folder, largest first', () => {
  const { owners } = bundleOf({
    'agent/main.ts': 10,
    'agent/verify/x.ts': 5,
    'node_modules/mqtt/build/index.js': 30,
    'node_modules/@noble/ed25519/index.js': 7,
    'node_modules/mqtt/node_modules/ws/index.js': 20,
  });

  expect([...owners]).toEqual([
    ['mqtt', 30],
    ['ws', 20],
    ['agent', 15],
    ['@noble/ed25519', 7],
  ]);
});

test('a bundle just under both budgets is good', () => {
  const sizes = bundleOf({ 'agent/a.ts': 209_999, 'node_modules/mqtt/index.js': 220_000 });

  expect(sizeProblems(sizes)).toEqual([]);
});

test('a bundle of 430 kB is too large', () => {
  const sizes = bundleOf({ 'agent/a.ts': 209_999, 'node_modules/mqtt/index.js': 220_001 });

  expect(sizeProblems(sizes)).toEqual(['the agent has 430000 bytes and must stay under 430000']);
});

test('215 kB of agent and shared together are too many', () => {
  const sizes = bundleOf({ 'agent/a.ts': 165_000, 'shared/b.ts': 50_000 });

  expect(sizeProblems(sizes)).toEqual([
    'agent + shared have 215000 bytes and must stay under 215000',
  ]);
});
