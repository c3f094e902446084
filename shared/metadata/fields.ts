import * as z from 'zod/mini';

/** Whole and from 1 (TUF 4.3): `1.5`, `0`, `-1` and `"7"` end here. */
export const Version = z.int().check(z.minimum(1));

/** A count of bytes. */
export const Length = z.int().check(z.minimum(0));

/** Lower-case hex SHA-256. */
export const Sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/**
 * TUF 4.2: `YYYY-MM-DDTHH:MM:SSZ`, a day that exists. A date nobody can read would never expire.
 */
export const Expires = z.pipe(
  z
    .string()
    .check(
      z.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/),
      z.refine(isRealDate, 'not a date that exists'),
    ),
  z.transform((text) => new Date(text)),
);

/**
 * Hashes of a file, by algorithm (TUF 4.4). At least one that is strong: `{}` or MD5 alone would let
 * anybody choose the bytes. Algorithms we do not know are ignored, ours must all match.
 */
export const Hashes = z
  .looseObject({
    sha256: z.optional(Sha256),
    sha512: z.optional(z.string().check(z.regex(/^[0-9a-f]{128}$/))),
  })
  .check(
    z.refine((hashes) => (hashes.sha256 ?? hashes.sha512) !== undefined, 'no sha256 or sha512'),
  );
export type Hashes = Readonly<z.infer<typeof Hashes>>;

/** TUF 4.3: keyids in any form the repository chose, once each, and a whole threshold from 1. */
export const RoleKeys = z.looseObject({
  keyids: z.array(z.string().check(z.minLength(1), z.maxLength(256))).check(
    z.maxLength(64),
    z.refine((ids) => new Set(ids).size === ids.length, 'a keyid is listed twice'),
  ),
  threshold: Version,
});
export type RoleKeys = Readonly<z.infer<typeof RoleKeys>>;

/** TUF 1.0.x: another major version may mean anything, so it is refused before it is read. */
export const SpecVersion = z.string().check(z.regex(/^1\.\d+(\.\d+)?$/));

/** What we write into `spec_version`. */
export const SPEC_VERSION = '1.0.34';

/** TUF 4.2 date of an instant: whole seconds, rounded down. */
export function tufDate(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}

function isRealDate(text: string): boolean {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && tufDate(date) === text;
}
