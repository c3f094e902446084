import { expect, test } from 'vitest';
import { chooseSteps, STEPS, type Step } from '../../scripts/check/steps.ts';

const steps = ['types', 'lint', 'tests'].map((name): Step => ({ name, command: ['x'], hint: '' }));
const namesOf = (chosen: readonly Step[]) => chosen.map(({ name }) => name);

test('all steps run, in their order, when none is named', () => {
  expect(namesOf(chooseSteps(steps, {}))).toEqual(['types', 'lint', 'tests']);
});

test('--only runs the named steps and no others', () => {
  expect(namesOf(chooseSteps(steps, { only: 'tests, types' }))).toEqual(['types', 'tests']);
});

test('--skip runs all but the named steps', () => {
  expect(namesOf(chooseSteps(steps, { skip: 'tests' }))).toEqual(['types', 'lint']);
});

test('a step that does not exist is an error, not an empty check', () => {
  expect(() => chooseSteps(steps, { only: 'typos' })).toThrow(/typos.*types, lint, tests/);
});

test('the check asks for everything that CONTRIBUTING promises', () => {
  const promised = [
    'format',
    'types',
    'import rules',
    'lint',
    'dead code',
    'tests',
    'build',
    'agent size',
  ];

  expect(namesOf(STEPS)).toEqual(expect.arrayContaining(promised));
});
