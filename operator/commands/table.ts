import Table from 'cli-table3';

type Cell = string | number | boolean | null | undefined;

const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

/** Rows under their headings, without lines, so that it can be read and cut. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const drawn = new Table({
    head: [...headings],
    chars: PLAIN,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) drawn.push(row.map(cell));
  return trimLines(drawn.toString());
}

/** Names and values, one a line. */
export function facts(pairs: readonly (readonly [string, Cell])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length)) + 2;
  return pairs.map(([name, value]) => `${name.padEnd(width)}${cell(value)}`).join('\n');
}

/** Text from elsewhere may drive a terminal, or turn its line around: such characters are replaced. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

function cell(value: Cell): string {
  return value === null || value === undefined || value === '' ? '-' : harmless(String(value));
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
