import { resolve } from 'node:path';
import { Failure } from '../failure.ts';

/** Where keys may lie. */
export const SCHEMES = [
  'file',
  'ssh-agent',
  'pkcs11',
  'exec',
  'awskms',
  'gcpkms',
  'vault',
] as const;
export type SchemeName = (typeof SCHEMES)[number];

/** A signer URI in its two halves. */
export interface SignerUri {
  readonly scheme: SchemeName;
  readonly address: string;
}

const MAX_LENGTH = 2_048;

/** Splits `scheme:address`. The address is for its scheme to read. */
export function parseSignerUri(text: string): SignerUri {
  const colon = text.indexOf(':');
  const scheme = SCHEMES.find((name) => name === text.slice(0, Math.max(colon, 0)));
  if (scheme === undefined) {
    throw invalidUri(text, `it begins with none of ${SCHEMES.map((name) => `${name}:`).join(' ')}`);
  }
  if (text.length > MAX_LENGTH)
    throw invalidUri(text, `it is longer than ${MAX_LENGTH} characters`);
  if (/\p{Cc}/u.test(text)) throw invalidUri(text, 'it holds a control character');
  return { scheme, address: text.slice(colon + 1) };
}

/** The URI as it is stored: a relative file would name another one from another folder. */
export function storableUri(text: string): string {
  const { scheme, address } = parseSignerUri(text);
  return scheme === 'file' && address !== '' ? `file:${resolve(address)}` : text;
}

/** What to say about a URI that cannot be meant. */
export function invalidUri(text: string, why: string): Failure {
  return new Failure('signer_uri_invalid', `${text.slice(0, 200)} is not a signer: ${why}`);
}

/** `%41` to `A`; each scheme that has separators of its own needs it. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidUri(text, 'a percent sign must be followed by two hex digits of UTF-8');
  }
}
