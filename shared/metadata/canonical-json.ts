/**
 * TUF's canonical JSON (TUF 4.1, OLPC rules): names sorted by code point, no blanks, only `"` and
 * `\` escaped, whole numbers only. The one place that rebuilds the bytes a TUF signature covers.
 */
export function canonicalBytes(value: unknown): Uint8Array {
  const parts: string[] = [];
  write(value, parts);
  return Buffer.from(parts.join(''), 'utf8');
}

function write(value: unknown, parts: string[]): void {
  if (value === null || typeof value === 'boolean') parts.push(String(value));
  else if (typeof value === 'number') parts.push(wholeNumber(value));
  else if (typeof value === 'string') parts.push(quote(value));
  else if (Array.isArray(value)) writeArray(value, parts);
  else if (typeof value === 'object') writeObject(value, parts);
  else throw new Error(`bug: ${typeof value} has no canonical form`);
}

function writeArray(items: readonly unknown[], parts: string[]): void {
  parts.push('[');
  items.forEach((item, index) => {
    if (index > 0) parts.push(',');
    write(item, parts);
  });
  parts.push(']');
}

function writeObject(object: object, parts: string[]): void {
  // A member that is undefined is absent, as in JSON.stringify.
  const members = Object.entries(object).filter(([, member]) => member !== undefined);
  members.sort(byCodePoint);
  parts.push('{');
  members.forEach(([name, member], index) => {
    if (index > 0) parts.push(',');
    parts.push(quote(name), ':');
    write(member, parts);
  });
  parts.push('}');
}

function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw new Error(`bug: ${value} has no canonical form`);
  return String(value);
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** JavaScript sorts by UTF-16 unit, TUF by code point: they differ only where surrogates stand. */
function byCodePoint(
  [left]: readonly [string, unknown],
  [right]: readonly [string, unknown],
): number {
  if (SURROGATE.test(left) || SURROGATE.test(right)) {
    return Buffer.compare(Buffer.from(left), Buffer.from(right)); // UTF-8 sorts as code points do
  }
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

const SURROGATE = /[\ud800-\udfff]/;
