/**
 * TUF's canonical JSON (TUF 4.1, OLPC rules): names sorted by code point, no blanks, only `"` and
 * `\` escaped, whole numbers only. The one place that rebuilds the bytes a TUF signature covers.
 */
export function canonicalBytes(value: unknown): Uint8Array {
  const out: Out = { text: '' };
  write(value, out);
  return Buffer.from(out.text, 'utf8');
}

/**
 * The same as a JSON file: canonical JSON leaves control characters bare (the line ends of a key in
 * PEM), which JSON does not allow. They only stand inside strings, so escaping them is all it takes.
 */
export function canonicalFile(value: unknown): Uint8Array {
  const text = Buffer.from(canonicalBytes(value)).toString('utf8');
  return Buffer.from(text.replace(CONTROL, escapeControl), 'utf8');
}

// eslint-disable-next-line no-control-regex -- exactly these
const CONTROL = /[\u0000-\u001f]/g;

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** One growing string: engines build it without copying, and faster than joining a million parts. */
interface Out {
  text: string;
}

function write(value: unknown, out: Out): void {
  if (typeof value === 'string') out.text += quote(value);
  else if (typeof value === 'number') out.text += wholeNumber(value);
  else if (value === null || typeof value === 'boolean') out.text += String(value);
  else if (Array.isArray(value)) writeArray(value, out);
  else if (typeof value === 'object') writeObject(value as Record<string, unknown>, out);
  else throw new Error(`bug: ${typeof value} has no canonical form`);
}

function writeArray(items: readonly unknown[], out: Out): void {
  out.text += '[';
  let isFirst = true;
  for (const item of items) {
    if (!isFirst) out.text += ',';
    write(item, out);
    isFirst = false;
  }
  out.text += ']';
}

function writeObject(object: Readonly<Record<string, unknown>>, out: Out): void {
  let before = '{';
  for (const name of sorted(Object.keys(object))) {
    const member = object[name];
    if (member === undefined) continue; // absent, as in JSON.stringify
    out.text += `${before}${quote(name)}:`;
    write(member, out);
    before = ',';
  }
  out.text += before === '{' ? '{}' : '}';
}

function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw new Error(`bug: ${value} has no canonical form`);
  return String(value);
}

function quote(text: string): string {
  return ESCAPED.test(text) ? `"${text.replace(/[\\"]/g, '\\$&')}"` : `"${text}"`;
}

/** Names from a canonical file are in order already, and seeing that is cheaper than sorting. */
function sorted(names: readonly string[]): readonly string[] {
  for (let index = 1; index < names.length; index += 1) {
    if (byCodePoint(names[index - 1] ?? '', names[index] ?? '') > 0) {
      return [...names].sort(byCodePoint);
    }
  }
  return names;
}

/** JavaScript sorts by UTF-16 unit, TUF by code point: they differ only from surrogates upwards. */
function byCodePoint(left: string, right: string): number {
  if (SURROGATE_OR_ABOVE.test(left) && SURROGATE_OR_ABOVE.test(right)) {
    return Buffer.compare(Buffer.from(left), Buffer.from(right)); // UTF-8 sorts as code points do
  }
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

const ESCAPED = /[\\"]/;
const SURROGATE_OR_ABOVE = /[\ud800-\uffff]/;
