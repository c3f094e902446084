import { describe, expect, test } from 'vitest';
import { findReferences, unknownReferences } from '../../scripts/spec/references.ts';
import { untestedCodes } from '../../scripts/spec/untested-codes.ts';

const clauses = {
  TUF: { version: '1.0.34', clauses: ['4.2', '5.3', '5.3.4', '5.6'] },
  Uptane: { version: '2.1.0', clauses: ['5.4.4.2'] },
};
const clausesIn = (text: string) =>
  findReferences({ path: 'a.ts', text }).map(({ spec, clause }) => `${spec} ${clause}`);

describe('a reference', () => {
  test('is found with its line', () => {
    expect(findReferences({ path: 'a.ts', text: '\n// TUF 5.3.4: all of them' })).toEqual([
      { path: 'a.ts', line: 2, spec: 'TUF', clause: '5.3.4' },
    ]);
  });

  test('may name several clauses', () => {
    expect(clausesIn('(TUF 5.3 to 5.6, and Uptane 5.4.4.2)')).toEqual([
      'TUF 5.3',
      'TUF 5.6',
      'Uptane 5.4.4.2',
    ]);
  });

  test('is not the number of a version', () => {
    expect(clausesIn('TUF 1.0.34, TUF 1.0 and Uptane 2.1.0')).toEqual([]);
  });

  test('to a clause that the specification has is good', () => {
    const references = findReferences({ path: 'a.ts', text: '// TUF 4.2, Uptane 5.4.4.2(6)' });

    expect(unknownReferences(references, clauses)).toEqual([]);
  });

  test('to a clause that the specification does not have is reported', () => {
    const references = findReferences({ path: 'a.ts', text: '// Uptane 5.3.4 and TUF 9.9' });

    expect(unknownReferences(references, clauses)).toMatchObject([
      { spec: 'Uptane', clause: '5.3.4' },
      { spec: 'TUF', clause: '9.9' },
    ]);
  });
});

describe('a refusal', () => {
  const tests = [{ path: 'test/a.test.ts', text: "refusedWith('too_cold'); // not too_hot" }];

  test('that a test names in quotes is tested', () => {
    expect(untestedCodes(['too_cold'], tests)).toEqual([]);
  });

  test('that is only mentioned is not', () => {
    expect(untestedCodes(['too_cold', 'too_hot'], tests)).toEqual(['too_hot']);
  });
});
