import type * as z from 'zod/mini';

type Issue = z.core.$ZodIssue;

/** What is wrong at one place of a file, as a sentence: zod/mini brings no words of its own. */
export function explain(issue: Issue, file: unknown): string {
  const at = issue.path.map(String).join('.');
  const where = at === '' ? 'the file' : `"${at}"`;
  const verb = valueAt(file, issue.path) === undefined ? 'is missing: it must be' : 'must be';
  if (issue.code === 'unrecognized_keys') {
    return `${where} has no key ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
  }
  if (issue.code === 'invalid_type') return `${where} ${verb} ${article(issue.expected)}`;
  if (issue.code === 'invalid_value') {
    return `${where} ${verb} ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  }
  if (issue.code === 'invalid_union') return `${where} is none of the kinds that the agent knows`;
  // Words of our own schema, where it has some for this.
  return `${where} ${issue.message === WORDLESS ? borderOf(issue) : issue.message}`;
}

const WORDLESS = 'Invalid input';

function borderOf(issue: Issue): string {
  if (issue.code === 'too_big') return `must be at most ${String(issue.maximum)}`;
  if (issue.code !== 'too_small') return 'is not as it must be';
  if (issue.origin === 'string') return 'must not be empty';
  return `must be ${issue.inclusive === true ? 'at least' : 'more than'} ${String(issue.minimum)}`;
}

function article(expected: string): string {
  if (expected === 'object') return 'an object';
  return expected === 'array' ? 'a list' : `a ${expected}`;
}

function valueAt(file: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null) return undefined;
    return (value as Record<PropertyKey, unknown>)[key];
  }, file);
}
