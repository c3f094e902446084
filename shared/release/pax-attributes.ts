import { notAllowed } from './not-allowed.ts';
import { unrestorable } from './restore.ts';

/**
 * Attributes without which what was released would not be what runs: a program that lost its
 * capabilities, a file whose access list is gone. Where nobody asked to have them restored they are
 * refused. Others (labels of a packing machine, `user.*`) are left out then, as from a plain tar.
 */
const MATTERING =
  /^\d+ (?:SCHILY|LIBARCHIVE)\.xattr\.(security\.capability|system\.posix_acl_\w+)=/m;
const ACCESS_LIST = /^\d+ SCHILY\.acl\.(access|default)=/m;

const HAS_ATTRIBUTES = /^\d+ (?:SCHILY|LIBARCHIVE|RHT)\.(?:xattr|security)\./m;
const ATTRIBUTE = /^\d+ (?:SCHILY\.xattr|(LIBARCHIVE)\.xattr|RHT)\.([^=]+)=(.*)$/s;
const CAPABILITY = 'security.capability';
const RESTORED = /^(?:user\.[\w.:@/+-]{1,250}|security\.capability)$/;
/** Revision 1 or 2, as the kernel stores it for everybody; one of a user namespace is not portable. */
const CAPABILITY_FORM = /^[^=]+=0x0[01]000002[0-9a-f]{32}$/;
const VALUE_BYTES = 65_536; // what Linux holds

/** Refuses attributes that would get lost, where none are restored. */
export function requireNothingLost(records: string): void {
  const attribute = MATTERING.exec(records)?.[1] ?? ACCESS_LIST.exec(records)?.[1];
  if (attribute !== undefined) throw notRestored(attribute);
}

/** The attributes that PAX records bring: `NAME=0xHEX` each, sorted. */
export function readAttributes(records: string): readonly string[] {
  const list = ACCESS_LIST.exec(records)?.[1];
  if (list !== undefined) throw notRestored(list);
  if (!HAS_ATTRIBUTES.test(records)) return [];
  const found = new Map<string, string>();
  for (const line of wholeLines(records)) {
    const attribute = attributeIn(line);
    if (attribute === undefined) continue;
    const name = attribute.slice(0, attribute.indexOf('='));
    // Packers may write one in both ways; then both must say the same.
    if ((found.get(name) ?? attribute) !== attribute) throw notAllowed(name, 'has two values');
    found.set(name, attribute);
  }
  return [...found.values()].sort();
}

function attributeIn(line: string): string | undefined {
  const [, isBase64, name, value = ''] = ATTRIBUTE.exec(line) ?? [];
  if (name === undefined) return undefined;
  if (!RESTORED.test(name)) throw notRestored(name);
  const attribute = `${name}=0x${bytesOf(value, isBase64 !== undefined).toString('hex')}`;
  if (isCapability(attribute) && !CAPABILITY_FORM.test(attribute)) {
    throw notAllowed(name, 'has a value that is no capability');
  }
  return attribute;
}

/** Whether an attribute is what only files bear. */
export function isCapability(attribute: string): boolean {
  return attribute.startsWith(`${CAPABILITY}=`);
}

/**
 * Each record a line of the length that it says. The parser has made text of the bytes and looks for
 * lines itself: what was no text is spoiled by now, and a line end in a value can pose as a record.
 */
export function wholeLines(records: string): readonly string[] {
  const lines = records.replace(/\n$/, '').split('\n');
  const isWhole = (line: string): boolean => parseInt(line, 10) === Buffer.byteLength(line) + 1;
  if (lines.every(isWhole) && !records.includes('\uFFFD')) return lines;
  const how = 'pack it with bsdtar --format=pax --options xattrheader=LIBARCHIVE';
  throw unrestorable(`an entry has an attribute or a name that is no line of text: ${how}`);
}

function bytesOf(value: string, isBase64: boolean): Buffer {
  const bytes = Buffer.from(value, isBase64 ? 'base64' : 'utf8');
  const again = bytes.toString('base64').replace(/=+$/, '');
  if (bytes.length > VALUE_BYTES || (isBase64 && again !== value.replace(/=+$/, ''))) {
    throw notAllowed(value.slice(0, 20), 'is no value of an attribute');
  }
  return bytes;
}

function notRestored(attribute: string): Error {
  const how = 'pack without it';
  return unrestorable(`an entry carries ${attribute.slice(0, 100)}, which is not restored: ${how}`);
}
