import type { Source } from './sources.ts';

/** A clause of the client's workflow, and the test that shows what it asks. */
export interface Shown {
  readonly clause: `${'TUF' | 'Uptane'} ${string}`;
  readonly asks: string;
  /** A file of `test/`. */
  readonly file: string;
  /** Words of that test's name, as the file has them. */
  readonly test: string;
}

const shown = (
  clause: Shown['clause'],
  asks: string,
  [file, test]: readonly [string, string],
): Shown => ({ clause, asks, file: `test/${file}.test.ts`, test });

/**
 * The client's workflow (TUF 5, Uptane 5.4.4.2), clause by clause, in its order. Each is named beside
 * a line of our code, and each has a test: `node --import tsx scripts/clauses.ts` shows both.
 */
export const WORKFLOW: readonly Shown[] = [
  shown('TUF 5.1', 'one start time for the whole update', [
    'attacks/freeze',
    'a clock set back to 1970 does not make old metadata fresh',
  ]),
  shown('TUF 5.2', 'start from a trusted root', [
    'attacks/rollback',
    'a device that lost its root walks up again',
  ]),
  shown('TUF 5.3.2', 'it may have expired: it only introduces the next', [
    'attacks/freeze',
    'an expired root on the way to a fresh one is followed',
  ]),
  shown('TUF 5.3.3', 'try N+1, up to a number of bytes and of roots', [
    'attacks/endless-data',
    'follows 256 roots in one go and not one more',
  ]),
  shown('TUF 5.3.4', 'signed by the old threshold and the new one', [
    'attacks/root-rotation',
    'when too few of the old holders sign',
  ]),
  shown('TUF 5.3.5', 'the version is exactly N+1', [
    'attacks/rollback',
    'a root that skips a version is refused',
  ]),
  shown('TUF 5.3.6', 'its expiry does not matter yet', [
    'attacks/freeze',
    'an expired root on the way to a fresh one is followed',
  ]),
  shown('TUF 5.3.7', 'it is the trusted root now', [
    'attacks/root-rotation',
    'is refused, while its new root stays',
  ]),
  shown('TUF 5.3.8', 'and kept', ['attacks/root-rotation', 'is refused, while its new root stays']),
  shown('TUF 5.3.9', 'again, until there is no next', [
    'attacks/endless-data',
    'follows 256 roots in one go and not one more',
  ]),
  shown('TUF 5.3.10', 'the last root is fresh', [
    'attacks/both-repositories',
    'frozen by its root: an expired root is refused, to the millisecond',
  ]),
  shown('TUF 5.3.11', 'new timestamp or snapshot keys: forget their versions', [
    'attacks/fast-forward',
    'honest versions count again once the %s key was replaced in root',
  ]),
  shown('TUF 5.3.12', 'whether snapshots are consistent', [
    'attacks/non-consistent-snapshot',
    'its files are fetched under their bare names',
  ]),
  shown('TUF 5.4.1', 'timestamp: up to a number of bytes', [
    'attacks/endless-data',
    'is refused at the limit of %s',
  ]),
  shown('TUF 5.4.2', 'timestamp: signed', ['attacks/arbitrary-software', 'a key of nobody']),
  shown('TUF 5.4.3', 'timestamp: no rollback', [
    'attacks/rollback',
    'refuses an older timestamp, also after its own copy was lost',
  ]),
  shown('TUF 5.4.3.1', 'not older; the same version stays as it is', [
    'attacks/rollback',
    'keeps its own timestamp when the same version comes with other content',
  ]),
  shown('TUF 5.4.3.2', 'its snapshot is not older', [
    'attacks/rollback',
    'refuses a new timestamp that names an older snapshot',
  ]),
  shown('TUF 5.4.4', 'timestamp: fresh', ['attacks/freeze', 'is refused in the second it expires']),
  shown('TUF 5.4.5', 'timestamp: kept', ['attacks/rollback', 'accepts version 4']),
  shown('TUF 5.5.1', 'snapshot: up to the bytes its parent names', [
    'attacks/endless-data',
    'is asked for no more than the parent names',
  ]),
  shown('TUF 5.5.2', 'snapshot: the hashes of its parent', [
    'attacks/mix-and-match',
    'refuses a file of another length than its parent names',
  ]),
  shown('TUF 5.5.3', 'snapshot: signed', ['attacks/arbitrary-software', 'a key of nobody']),
  shown('TUF 5.5.4', 'snapshot: the version of its parent', [
    'attacks/mix-and-match',
    'refuses an older %s in a newer set',
  ]),
  shown('TUF 5.5.5', 'snapshot: no role older, none gone', [
    'attacks/rollback',
    'refuses a snapshot from which a role has vanished',
  ]),
  shown('TUF 5.5.6', 'snapshot: fresh', ['attacks/freeze', 'is refused in the second it expires']),
  shown('TUF 5.5.7', 'snapshot: kept', ['attacks/both-repositories', '$name is refused as $code']),
  shown('TUF 5.6.1', 'targets: up to the bytes its parent names', [
    'attacks/endless-data',
    'is refused at the limit of %s',
  ]),
  shown('TUF 5.6.2', 'targets: the hashes of its parent', [
    'attacks/mix-and-match',
    'refuses a file of the right version and signature with another hash',
  ]),
  shown('TUF 5.6.3', 'targets: signed by the keys of whoever delegates', [
    'attacks/delegation-confusion',
    'a role reached by two ways must hold on each',
  ]),
  shown('TUF 5.6.4', 'targets: the version of its parent', [
    'attacks/mix-and-match',
    'refuses an older %s in a newer set',
  ]),
  shown('TUF 5.6.5', 'targets: fresh', ['attacks/freeze', 'an expired delegated role is refused']),
  shown('TUF 5.6.6', 'targets: kept', ['attacks/rollback', 'accepts version 4']),
  shown('TUF 5.6.7', 'search in the order of delegation', [
    'attacks/parser-differentials',
    'roles with names like numbers keep their order',
  ]),
  shown('TUF 5.6.7.1', 'no role twice, and not too many', [
    'attacks/endless-data',
    'visits 32 delegated roles and not one more, and ends in a cycle',
  ]),
  shown('TUF 5.6.7.2', 'delegations that match the path', [
    'attacks/delegation-confusion',
    'a product cannot sign for the path of another',
  ]),
  shown('TUF 5.6.7.2.1', 'a terminating role ends the search', [
    'attacks/delegation-confusion',
    'a terminating role has the last word about its paths',
  ]),
  shown('TUF 5.6.7.2.2', 'else its own delegations come next', [
    'attacks/delegation-confusion',
    'is asked before the siblings of its delegator',
  ]),
  shown('TUF 5.7.1', 'the target is one that was found', [
    'attacks/compromised-director',
    'cannot make a release: no author has signed it',
  ]),
  shown('TUF 5.7.2', 'its name, with its hash before it', [
    'attacks/non-consistent-snapshot',
    'a manifest is fetched under its own name, and still only by its hash believed',
  ]),
  shown('TUF 5.7.3', 'its bytes are those', [
    'attacks/compromised-director',
    'is refused when its bytes were changed on the way',
  ]),
  shown('Uptane 5.4.2.2', 'no answer to an old question', [
    'attacks/compromised-director',
    'cannot answer an old question: the nonce must come back',
  ]),
  shown('Uptane 5.4.3.4', 'fits the hardware, not an older release, all hashes', [
    'attacks/compromised-director',
    'cannot send a release to another board',
  ]),
  shown('Uptane 5.4.4.2', 'director and image repository agree', [
    'attacks/compromised-director',
    'cannot say another %s than the author',
  ]),
  shown('Uptane 5.4.4.6', 'the director: right device, once, no delegation', [
    'attacks/compromised-director',
    'cannot assign two releases at once',
  ]),
  shown('Uptane 5.4.4.7', 'the image repository: the exact path', [
    'attacks/compromised-director',
    'cannot make a release: no author has signed it',
  ]),
];

/** The rows whose file has no test with those words. */
export function withoutTest(
  workflow: readonly Shown[],
  tests: readonly Source[],
): readonly Shown[] {
  return workflow.filter(({ file, test }) => {
    const text = tests.find(({ path }) => path === file)?.text ?? '';
    return !text.includes(test);
  });
}

/** The clauses of TUF 5 (leaves and all) that the workflow leaves out. */
export function missingClauses(
  workflow: readonly Shown[],
  clauses: readonly string[],
): readonly string[] {
  const here = new Set(workflow.map(({ clause }) => clause));
  // Headings, and 5.3.1, which only says that the device came with a root (5.2).
  const headings = new Set(['5', '5.3', '5.3.1', '5.4', '5.5', '5.6', '5.7']);
  return clauses
    .filter((clause) => clause.startsWith('5') && !headings.has(clause))
    .map((clause) => `TUF ${clause}` as const)
    .filter((clause) => !here.has(clause));
}
