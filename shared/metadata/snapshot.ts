import * as z from 'zod/mini';
import { Expires, SpecVersion, Version } from './fields.ts';
import { MetaFile } from './timestamp.ts';

/** TUF 4.4: which version of every targets file belongs together. */
export const SnapshotSchema = z.looseObject({
  _type: z.literal('snapshot'),
  spec_version: SpecVersion,
  version: Version,
  expires: Expires,
  meta: z.pipe(
    z.record(z.string(), MetaFile),
    z.transform((meta) => new Map(Object.entries(meta))),
  ),
});
export type Snapshot = Readonly<z.infer<typeof SnapshotSchema>>;
export type SnapshotFile = z.input<typeof SnapshotSchema>;
