/** A JSON value as TUF's canonical form knows it: no fractions (TUF 4.1). */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** The bytes are not the JSON we accept. `message` says what and where, for people. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

const MAX_DEPTH = 32;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?![0-9.eE])/y;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Parses JSON so that two readers can never disagree about it: fatal UTF-8, no byte order mark, no
 * duplicate names, whole safe numbers only, no lone surrogates, bounded depth, nothing after the end.
 * `JSON.parse` allows every one of these, and each has been somebody's parser differential.
 */
export function parseStrictJson(bytes: Uint8Array): JsonValue {
  const cursor: Cursor = { text: decode(bytes), at: 0 };
  const value = readValue(cursor, 0);
  skipBlank(cursor);
  if (cursor.at !== cursor.text.length) throw unexpected(cursor);
  return value;
}

interface Cursor {
  readonly text: string;
  at: number;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new JsonError('not valid UTF-8', { cause });
  }
}

function readValue(cursor: Cursor, depth: number): JsonValue {
  if (depth > MAX_DEPTH) throw new JsonError(`nested deeper than ${MAX_DEPTH} at ${cursor.at}`);
  skipBlank(cursor);
  const first = cursor.text[cursor.at];
  if (first === '{') return readObject(cursor, depth);
  if (first === '[') return readArray(cursor, depth);
  if (first === '"') return readString(cursor);
  return readWord(cursor);
}

function readObject(cursor: Cursor, depth: number): JsonValue {
  const object: Record<string, JsonValue> = {};
  cursor.at += 1;
  if (skipIf(cursor, '}')) return object;
  do {
    skipBlank(cursor);
    const name = readString(cursor);
    // `__proto__` would set a prototype instead of a member; nothing honest is called that.
    if (name === '__proto__' || Object.hasOwn(object, name)) {
      throw new JsonError(`name ${JSON.stringify(name)} is not allowed again at ${cursor.at}`);
    }
    if (!skipIf(cursor, ':')) throw unexpected(cursor);
    object[name] = readValue(cursor, depth + 1);
  } while (skipIf(cursor, ','));
  if (!skipIf(cursor, '}')) throw unexpected(cursor);
  return object;
}

function readArray(cursor: Cursor, depth: number): JsonValue {
  const items: JsonValue[] = [];
  cursor.at += 1;
  if (skipIf(cursor, ']')) return items;
  do items.push(readValue(cursor, depth + 1));
  while (skipIf(cursor, ','));
  if (!skipIf(cursor, ']')) throw unexpected(cursor);
  return items;
}

/** Most strings need no reading, only a slice: a file of a product has a million of them. */
function readString(cursor: Cursor): string {
  const { text, at } = cursor;
  if (text[at] !== '"') throw unexpected(cursor);
  let end = at + 1;
  while (isPlain(text.charCodeAt(end))) end += 1;
  if (text[end] !== '"') return readEscapedString(cursor);
  cursor.at = end + 1;
  return text.slice(at + 1, end);
}

/** Neither quote, backslash, control character nor half of a pair; nor the end (NaN). */
function isPlain(code: number): boolean {
  return code >= 0x20 && code !== 0x22 && code !== 0x5c && (code < 0xd800 || code > 0xdfff);
}

function readEscapedString(cursor: Cursor): string {
  const end = closingQuote(cursor.text, cursor.at + 1);
  if (end === -1) throw new JsonError('ends inside a string');
  const text = unquote(cursor.text.slice(cursor.at, end + 1));
  cursor.at = end + 1;
  if (LONE_SURROGATE.test(text)) throw new JsonError(`lone surrogate before ${cursor.at}`);
  return text;
}

function closingQuote(text: string, from: number): number {
  let end = text.indexOf('"', from);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === '\\') slashes += 1;
  return slashes % 2 === 1;
}

function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted) as string; // one string token: escapes and control characters only
  } catch (cause) {
    throw new JsonError(`bad string ${quoted.slice(0, 40)}`, { cause });
  }
}

function readWord(cursor: Cursor): JsonValue {
  for (const [word, value] of WORDS) {
    if (cursor.text.startsWith(word, cursor.at)) {
      cursor.at += word.length;
      return value;
    }
  }
  NUMBER.lastIndex = cursor.at;
  if (!NUMBER.test(cursor.text)) throw unexpected(cursor);
  const digits = cursor.text.slice(cursor.at, NUMBER.lastIndex);
  cursor.at = NUMBER.lastIndex;
  const number = Number(digits);
  if (!Number.isSafeInteger(number) || Object.is(number, -0)) {
    throw new JsonError(`number ${digits} is out of range`);
  }
  return number;
}

const WORDS: readonly (readonly [string, JsonValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

/** Steps over blanks and then over `mark`, if it is what comes next. */
function skipIf(cursor: Cursor, mark: string): boolean {
  skipBlank(cursor);
  if (cursor.text[cursor.at] !== mark) return false;
  cursor.at += 1;
  return true;
}

function skipBlank(cursor: Cursor): void {
  while (isBlank(cursor.text.charCodeAt(cursor.at))) cursor.at += 1;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function unexpected(cursor: Cursor): JsonError {
  const found = cursor.text.slice(cursor.at, cursor.at + 20);
  return new JsonError(
    found === '' ? 'ends too early' : `unexpected ${JSON.stringify(found)} at ${cursor.at}`,
  );
}
