import { TUF_PROFILE } from '../../shared/trust/foreign-profile.ts';
import { DsseSchema } from '../../shared/dsse.ts';
import { ForeignKeySchema } from '../../shared/crypto/foreign-key.ts';
import { canonicalBytes } from '../../shared/metadata/canonical-json.ts';
import { ForeignRootSchema } from '../../shared/metadata/foreign.ts';
import { RootSchema } from '../../shared/metadata/root.ts';
import { SnapshotSchema } from '../../shared/metadata/snapshot.ts';
import { JsonError, parseStrictJson } from '../../shared/metadata/strict-json.ts';
import { TargetsSchema } from '../../shared/metadata/targets.ts';
import { TimestampSchema } from '../../shared/metadata/timestamp.ts';
import { BundleSchema } from '../../shared/protocol/bundle.ts';
import { EnrolmentSchema } from '../../shared/protocol/enrolment.ts';
import { ReportSchema } from '../../shared/protocol/report.ts';
import { ManifestSchema } from '../../shared/release/manifest.ts';
import { RepositoryFloorsSchema } from '../../shared/trust/floors.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { acceptFirstRoot } from '../../shared/trust/root.ts';
import { openFile, readContent } from '../../shared/trust/signed-file.ts';

interface Schema {
  readonly safeParse: (value: unknown) => { readonly success: boolean };
}

/**
 * Every way in which bytes from outside are read. Each takes any bytes, and either answers or throws an
 * error that {@link isExpected}.
 */
export const PARSERS: ReadonlyMap<string, (bytes: Uint8Array) => unknown> = new Map([
  ['strict JSON', (bytes) => parseStrictJson(bytes)],
  ['canonical form', (bytes) => canonicalBytes(parseStrictJson(bytes))],
  ['envelope', (bytes) => openFile('file', bytes)],
  ['root', (bytes) => acceptFirstRoot(bytes)],
  ['foreign root', (bytes) => acceptFirstRoot(bytes, TUF_PROFILE)],
  ['timestamp', (bytes) => readContent('timestamp', openFile('timestamp', bytes), TimestampSchema)],
  ['snapshot', (bytes) => readContent('snapshot', openFile('snapshot', bytes), SnapshotSchema)],
  ['targets', (bytes) => readContent('targets', openFile('targets', bytes), TargetsSchema)],
  ...(
    [
      ['key', ForeignKeySchema],
      ['bare root', RootSchema],
      ['bare foreign root', ForeignRootSchema],
      ['manifest', ManifestSchema],
      ['bundle', BundleSchema],
      ['report', ReportSchema],
      ['enrolment', EnrolmentSchema],
      ['floors', RepositoryFloorsSchema],
      ['DSSE', DsseSchema],
    ] as const
  ).map(([name, schema]): [string, (bytes: Uint8Array) => unknown] => [
    name,
    (bytes) => (schema as Schema).safeParse(parseStrictJson(bytes)),
  ]),
]);

/** What a parser may throw at bytes it does not accept; everything else is a bug of ours. */
export function isExpected(error: unknown): boolean {
  return error instanceof JsonError || error instanceof Refusal;
}
