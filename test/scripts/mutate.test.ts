import { expect, test } from 'vitest';
import { outdated, survivorsOf, unexplained } from '../../scripts/mutate/survivors.ts';

const FILE = 'shared/trust/a.ts';
const at = (line: number) => ({ start: { line, column: 3 }, end: { line, column: 9 } });
const report = {
  files: {
    [FILE]: {
      source: 'if (a) {\n  return b;\n}\n',
      mutants: [
        { mutatorName: 'x', replacement: 'true', status: 'Killed', location: at(1) },
        { mutatorName: 'x', replacement: 'false', status: 'Survived', location: at(1) },
        { mutatorName: 'x', replacement: 'c', status: 'NoCoverage', location: at(2) },
        { mutatorName: 'x', replacement: '{}', status: 'Timeout', location: at(1) },
        { mutatorName: 'x', status: 'Ignored', location: at(1) },
      ],
    },
  },
};
const { survivors } = survivorsOf(report);
const listed = (code: string, becomes: string) => ({
  file: FILE,
  code,
  becomes,
  why: 'nothing that anybody could see differs',
});

test('what lives is told with its line; killed, timed out and ignored ones do not live', () => {
  expect(survivorsOf(report)).toEqual({
    tried: 4,
    survivors: [
      { file: FILE, line: 1, column: 3, code: 'if (a) {', becomes: 'false' },
      { file: FILE, line: 2, column: 3, code: 'return b;', becomes: 'c' },
    ],
  });
});

test('a survivor that the list does not explain is left over, wherever its line has moved', () => {
  expect(unexplained(survivors, [listed('return b;', 'c')])).toMatchObject([{ becomes: 'false' }]);
  expect(unexplained(survivors, [listed('return b;', 'd'), listed('if (a) {', 'c')])).toHaveLength(
    2,
  );
});

test('an explanation that is not needed any more is told, for the files that were tried', () => {
  const list = [listed('return b;', 'c'), listed('return z;', 'c')];

  expect(outdated(survivors, list, [FILE])).toEqual([listed('return z;', 'c')]);
  expect(outdated(survivors, list, ['shared/trust/other.ts'])).toEqual([]);
});
