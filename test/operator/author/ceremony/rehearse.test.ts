import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { rehearse, type Shape } from '../../../../operator/author/ceremony/rehearse.ts';
import { newHome } from '../../operator.ts';
import { NOW } from './fleet-trust.ts';

const one = { keys: 1, threshold: 1 };
const twoOfThree = { keys: 3, threshold: 2 };

async function walk(shape: Shape): Promise<readonly string[]> {
  const outcomes: string[] = [];
  const folder = await newHome();
  const random = (length: number): Uint8Array => randomBytes(length);
  await rehearse(shape, { folder, random, now: NOW }, (_title, outcome) => outcomes.push(outcome));
  return outcomes;
}

test('with two of three a stolen product key never signs firmware', async () => {
  expect(await walk({ root: twoOfThree, targets: twoOfThree, product: twoOfThree })).toEqual([
    'the device follows to root v1 and finds its release',
    'the device follows to root v2 and finds its release',
    'the device follows to root v2 and finds its release',
    'refused: threshold_not_met',
    'the device follows to root v2 and finds its release',
    'refused: threshold_not_met',
    'refused: threshold_not_met',
    'the device follows to root v2 and finds its release',
  ]);
});

test('with one key the rehearsal says that a thief can sign until the key is replaced', async () => {
  const outcomes = await walk({ root: one, targets: one, product: one });
  expect(outcomes[3]).toContain('ACCEPTED');
  expect(outcomes[5]).toBe('refused: threshold_not_met');
});
