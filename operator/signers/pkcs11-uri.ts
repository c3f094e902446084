import { invalidUri, percentDecoded } from './signer-uri.ts';

/** A PKCS#11 URI (RFC 7512), as far as it names one key of one token. */
export interface Pkcs11Uri {
  /** What the token must say of itself. */
  readonly token: Readonly<Partial<Record<TokenAttribute, string>>>;
  readonly slotId: string | undefined;
  /** CKA_LABEL of the key. */
  readonly object: string | undefined;
  /** CKA_ID of the key, in hex. */
  readonly id: string | undefined;
  readonly modulePath: string | undefined;
  readonly pinSource: string | undefined;
}

/** What a token says of itself, by its name in the URI. */
export const TOKEN_ATTRIBUTES = ['token', 'manufacturer', 'model', 'serial'] as const;
export type TokenAttribute = (typeof TOKEN_ATTRIBUTES)[number];

const PATH_ATTRIBUTES = [...TOKEN_ATTRIBUTES, 'slot-id', 'object', 'id', 'type'];
const QUERY_ATTRIBUTES = ['module-path', 'pin-source'];

/** Reads the part after `pkcs11:`. What we could not honour is refused, never passed over. */
export function parsePkcs11Uri(address: string): Pkcs11Uri {
  const [path = '', query = '', ...more] = address.split('?');
  if (more.length > 0) throw invalid(address, 'it has two question marks');
  const named = attributes(address, path.split(';'), PATH_ATTRIBUTES);
  const asked = attributes(address, query.split('&'), QUERY_ATTRIBUTES);
  const type = named.get('type') ?? 'private';
  if (type !== 'private' && type !== 'public') throw invalid(address, `type=${type} cannot sign`);
  const slotId = named.get('slot-id');
  if (slotId !== undefined && !/^\d{1,20}$/.test(slotId)) {
    throw invalid(address, 'slot-id must be a number');
  }
  const text = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : percentDecoded(value);
  const id = named.get('id');
  return {
    token: Object.fromEntries(
      TOKEN_ATTRIBUTES.flatMap((name) => {
        const value = text(named.get(name));
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    slotId,
    object: text(named.get('object')),
    id: id === undefined ? undefined : percentBytes(id).toString('hex'),
    modulePath: text(asked.get('module-path')),
    pinSource: text(asked.get('pin-source')),
  };
}

function attributes(
  address: string,
  parts: readonly string[],
  known: readonly string[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of parts.filter(Boolean)) {
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(equals, 0));
    // It would lie in a file and on a command line: a PIN is no part of an address.
    if (name === 'pin-value') throw invalidUri('pkcs11:…', 'a PIN may not stand in it (pin-value)');
    if (!known.includes(name)) throw invalid(address, `it cannot be chosen by ${name || part}`);
    if (found.has(name)) throw invalid(address, `${name} stands in it twice`);
    found.set(name, part.slice(equals + 1));
  }
  return found;
}

/** RFC 7512 2.3: an id is bytes, not text; `%01` and `A` may be mixed. */
function percentBytes(text: string): Buffer {
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1');
}

function invalid(address: string, why: string): Error {
  return invalidUri(`pkcs11:${address}`, why);
}
