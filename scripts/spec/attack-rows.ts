import type { Source } from './sources.ts';

/**
 * Every attack that TUF 1.0.34 (its section 1.5.2) and Uptane 2.1.0 (4.3) name, and those found since
 * in their clients. A file of test/attacks says in its first comment which of them it plays.
 */
export const ATTACK_ROWS = {
  A1: 'arbitrary software: files that nobody with the right keys signed',
  A2: 'threshold forging: the same keyid twice',
  A3: 'threshold forging: the same key under two keyids or in two encodings',
  A4: 'a threshold that is no whole number from 1',
  A5: 'rollback of a role file',
  A6: 'rollback of the installed release by a compromised director',
  A7: 'an equal version over other content',
  A8: 'freeze: expired metadata',
  A9: 'freeze by the clock',
  A10: 'fast-forward, and recovery from it',
  A11: 'mix and match of metadata',
  A12: 'mix and match of artifacts: a part of a release',
  A13: 'endless data',
  A14: 'endless roots and delegations',
  A15: 'slow retrieval',
  A16: 'dropped requests: a device that cannot update must be noticed',
  A17: 'extraneous dependencies',
  A18: 'wrong software: a role speaks about a path it was not given',
  A19: 'delegation confusion',
  A20: 'a release for other hardware',
  A21: "one device's assignment for another",
  A22: 'a director that assigns twice, or delegates',
  A23: 'director and author disagree',
  A24: 'replayed or forged reports',
  A25: 'eavesdropping',
  A26: 'denial of service against the repositories',
  A27: 'fewer keys than the threshold',
  A28: 'traversal by the name of a role or target',
  A29: 'weak or missing hashes',
  A30: 'parser differentials',
} as const;

export type AttackRow = keyof typeof ATTACK_ROWS;

const NAMED = /\bA(\d+)(?:-A?(\d+))?\b/g;

/** The rows that a file names in its first comment; `A20-A23` names four. */
export function rowsOf({ text }: Source): readonly string[] {
  const comment = /^(?:\/\/.*\n)*/.exec(text)?.[0] ?? '';
  return [...comment.matchAll(NAMED)].flatMap(([, from, to = from]) => {
    const first = Number(from);
    return Array.from({ length: Number(to) - first + 1 }, (_, n) => `A${first + n}`);
  });
}

/** Which files play each row, in the order of the rows. */
export function filesByRow(attacks: readonly Source[]): ReadonlyMap<AttackRow, readonly string[]> {
  const rows = Object.keys(ATTACK_ROWS) as AttackRow[];
  return new Map(
    rows.map((row) => [
      row,
      attacks.filter((file) => rowsOf(file).includes(row)).map(({ path }) => path),
    ]),
  );
}

/** The files that name a row which does not exist. */
export function strayRows(attacks: readonly Source[]): readonly string[] {
  return attacks.flatMap((file) =>
    rowsOf(file)
      .filter((row) => !Object.hasOwn(ATTACK_ROWS, row))
      .map((row) => `${file.path}: there is no attack ${row}`),
  );
}
