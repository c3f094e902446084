/** What some bytes say as JSON; undefined where they do not: the schema behind it says what is wrong. */
export function jsonIn(bytes: Buffer | undefined): unknown {
  try {
    return JSON.parse(bytes?.toString('utf8') ?? '');
  } catch {
    return undefined;
  }
}
