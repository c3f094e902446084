import * as z from 'zod/mini';
import { Expires, Hashes, Length, SpecVersion, Version } from './fields.ts';

/** What a parent says of a metadata file: its version, and its length and hashes if it knows them. */
export const MetaFile = z.looseObject({
  version: Version,
  length: z.optional(Length),
  hashes: z.optional(Hashes),
});
export type MetaFile = Readonly<z.infer<typeof MetaFile>>;

/** TUF 4.6: which snapshot is the newest. */
export const TimestampSchema = z.looseObject({
  _type: z.literal('timestamp'),
  spec_version: SpecVersion,
  version: Version,
  expires: Expires,
  meta: z.looseObject({ 'snapshot.json': MetaFile }),
});
export type Timestamp = Readonly<z.infer<typeof TimestampSchema>>;
export type TimestampFile = z.input<typeof TimestampSchema>;
