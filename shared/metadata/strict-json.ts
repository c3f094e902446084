/** A JSON value as TUF's canonical form knows it: no fractions (TUF 4.1). */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** The bytes are not the JSON we accept. `message` says what and where, for people. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

const MAX_DEPTH = 32;
const BLANK = /[ \t\n\r]*/y;
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
  switch (cursor.text[cursor.at]) {
    case '{':
      return readObject(cursor, depth);
    case '[':
      return readArray(cursor, depth);
    case '"':
      return readString(cursor);
    default:
      return readWord(cursor);
  }
}

function readObject(cursor: Cursor, depth: number): JsonValue {
  const object: Record<string, JsonValue> = {};
  readSequence(cursor, '}', () => {
    const name = readString(cursor);
    // `__proto__` would set a prototype instead of a member; nothing honest is called that.
    if (name === '__proto__' || Object.hasOwn(object, name)) {
      throw new JsonError(`name ${JSON.stringify(name)} is not allowed again at ${cursor.at}`);
    }
    skipBlank(cursor);
    if (cursor.text[cursor.at] !== ':') throw unexpected(cursor);
    cursor.at += 1;
    object[name] = readValue(cursor, depth + 1);
  });
  return object;
}

function readArray(cursor: Cursor, depth: number): JsonValue {
  const items: JsonValue[] = [];
  readSequence(cursor, ']', () => {
    items.push(readValue(cursor, depth + 1));
  });
  return items;
}

function readSequence(cursor: Cursor, close: string, readItem: () => void): void {
  cursor.at += 1;
  skipBlank(cursor);
  if (cursor.text[cursor.at] !== close) {
    readItem();
    skipBlank(cursor);
    while (cursor.text[cursor.at] === ',') {
      cursor.at += 1;
      skipBlank(cursor);
      readItem();
      skipBlank(cursor);
    }
  }
  if (cursor.text[cursor.at] !== close) throw unexpected(cursor);
  cursor.at += 1;
}

function readString(cursor: Cursor): string {
  if (cursor.text[cursor.at] !== '"') throw unexpected(cursor);
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
  const digits = match(cursor, NUMBER);
  if (digits === undefined) throw unexpected(cursor);
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

function match(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found !== undefined) cursor.at += found.length;
  return found;
}

function skipBlank(cursor: Cursor): void {
  match(cursor, BLANK);
}

function unexpected(cursor: Cursor): JsonError {
  const found = cursor.text.slice(cursor.at, cursor.at + 20);
  return new JsonError(
    found === '' ? 'ends too early' : `unexpected ${JSON.stringify(found)} at ${cursor.at}`,
  );
}
