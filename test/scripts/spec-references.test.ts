import { describe, expect, test } from 'vitest';
import { filesByRow, rowsOf, strayRows } from '../../scripts/spec/attack-rows.ts';
import { findReferences, unknownReferences } from '../../scripts/spec/references.ts';
import { untestedCodes } from '../../scripts/spec/untested-codes.ts';
import { missingClauses, withoutTest, WORKFLOW } from '../../scripts/spec/workflow.ts';

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

describe('an attack file', () => {
  const file = (text: string) => ({ path: 'test/attacks/a.test.ts', text });

  test('says in its first comment what it plays', () => {
    const text = '// A1, A20-A22: a story.\n// And A9.\nimport x;\n// A30 is another story\n';

    expect(rowsOf(file(text))).toEqual(['A1', 'A20', 'A21', 'A22', 'A9']);
  });

  test('is found by its row, and a row without a file is seen', () => {
    const byRow = filesByRow([file('// A1: a story\n')]);

    expect(byRow.get('A1')).toEqual(['test/attacks/a.test.ts']);
    expect(byRow.get('A2')).toEqual([]);
  });

  test('of an attack that does not exist is reported', () => {
    expect(strayRows([file('// A30, A31: a story\n')])).toEqual([
      'test/attacks/a.test.ts: there is no attack A31',
    ]);
  });
});

describe('a clause of the workflow', () => {
  const row = { clause: 'TUF 5.4.4', asks: 'fresh', file: 'test/a.test.ts', test: 'is refused' };
  const test1 = { path: 'test/a.test.ts', text: "test('is refused in the second it expires'" };

  test('has a test with those words, or is reported', () => {
    expect(withoutTest([{ ...row, clause: 'TUF 5.4.4' }], [test1])).toEqual([]);
    expect(withoutTest([{ ...row, clause: 'TUF 5.4.4', test: 'other' }], [test1])).toHaveLength(1);
    expect(withoutTest([{ ...row, clause: 'TUF 5.4.4' }], [])).toHaveLength(1);
  });

  test('that the table leaves out is reported, but for headings', () => {
    expect(missingClauses([], ['4.2', '5', '5.4', '5.4.4'])).toEqual(['TUF 5.4.4']);
    expect(missingClauses(WORKFLOW, ['5.4.4'])).toEqual([]);
  });
});
