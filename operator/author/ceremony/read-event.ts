import { sha256Hex } from '../../../shared/crypto/digest.ts';
import {
  nameOfFile,
  type EventFileName,
  type SigningEvent,
} from '../../../shared/ceremony/event.ts';
import { canonicalBytes, canonicalFile } from '../../../shared/metadata/canonical-json.ts';
import { LIMITS } from '../../../shared/metadata/limits.ts';
import { RootSchema, type RootFile } from '../../../shared/metadata/root.ts';
import {
  JsonError,
  parseStrictJson,
  type JsonValue,
} from '../../../shared/metadata/strict-json.ts';
import { TargetsSchema, type TargetsFile } from '../../../shared/metadata/targets.ts';
import { SEALIFT_PROFILE } from '../../../shared/trust/profile.ts';
import { Refusal } from '../../../shared/trust/refusal.ts';
import { requireOwnKeyIds } from '../../../shared/trust/signed-file.ts';
import { Failure } from '../../failure.ts';
import type { RootSide } from './describe-root.ts';
import type { TargetsSide } from './describe-targets.ts';
import type { ProposedFile } from './draft.ts';
import { directorRootOf, type Standing } from './standing.ts';

/** What every file of an event has: which one it is, and exactly what a signature covers. */
interface Offered {
  readonly repository: 'image' | 'director';
  readonly role: string;
  readonly canonical: Uint8Array;
  readonly sha256: string;
  /** As the server sends them; none has been checked. */
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

export type OfferedRoot = Offered & { readonly kind: 'root' } & RootSide;
export type OfferedTargets = Offered & { readonly kind: 'targets' } & TargetsSide;

/** A file of an event as this machine has read it itself. */
export type OfferedFile = OfferedRoot | OfferedTargets;

/**
 * Reads what an event would have signed: from the text of each file and nothing else. A file that does
 * not follow directly on what this workspace has verified is refused: its difference could not be told.
 */
export function readEvent(event: SigningEvent, standing: Standing): readonly OfferedFile[] {
  const names = event.files.map(nameOfFile);
  if (new Set(names).size !== names.length) throw malformed('a file comes twice');
  if (names.length === 0) throw malformed('it has no files');
  return [...event.files].sort(byRank).map((file) => {
    const offered = readFile(file, file.signatures);
    requireNext(offered, standing);
    const { version, expires } = offered.content;
    if (version !== file.version || expires.getTime() !== Date.parse(file.expires)) {
      throw new Failure(
        'event_misleading',
        `the server speaks of ${nameOfFile(file)} v${file.version} until ${file.expires}, the file says v${version} until ${expires.toISOString()}`,
      );
    }
    return offered;
  });
}

/** Roots first, then who delegates: the order in which people want to read it. */
function byRank(left: EventFileName, right: EventFileName): number {
  const rank = ({ role }: EventFileName): number => {
    if (role === 'root') return 0;
    return role === 'targets' ? 1 : 2;
  };
  return rank(left) - rank(right);
}

/** One value for a whole event: two holders who read it to each other know that they sign the same. */
export function fingerprintOf(files: readonly OfferedFile[]): string {
  const each = files.map((file) => `${nameOfFile(file)} ${file.sha256}`);
  return sha256Hex(Buffer.from(each.sort().join('\n'), 'utf8'));
}

/** A file of our own, read as others will read it. */
export function readProposed({ repository, role, signed }: ProposedFile): OfferedFile {
  const text = Buffer.from(canonicalFile(signed)).toString('utf8');
  return readFile({ repository, role, signed: text });
}

function readFile(
  file: Pick<SigningEvent['files'][number], 'repository' | 'role' | 'signed'>,
  signatures: Offered['signatures'] = [],
): OfferedFile {
  const name = nameOfFile(file);
  const signed = parsed(name, file.signed);
  const canonical = canonicalBytes(signed);
  const { repository, role } = file;
  const common = { repository, role, canonical, sha256: sha256Hex(canonical), signatures };
  if (role === 'root') {
    const content = RootSchema.safeParse(signed);
    if (!content.success) throw malformed(`${name} is not a root`);
    requireKeyIds(name, content.data.keys);
    return { ...common, kind: 'root', content: content.data, file: signed as RootFile };
  }
  const content = TargetsSchema.safeParse(signed);
  if (!content.success) throw malformed(`${name} is not a targets file`);
  requireKeyIds(name, content.data.delegations?.keys ?? new Map());
  return { ...common, kind: 'targets', content: content.data, file: signed as TargetsFile };
}

function requireKeyIds(name: string, keys: Parameters<typeof requireOwnKeyIds>[1]): void {
  try {
    requireOwnKeyIds(name, keys, SEALIFT_PROFILE);
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    throw new Failure('event_malformed', cause.message, { cause });
  }
}

/** Exactly one more than what stands; 1 for a product that is new. */
function requireNext({ repository, role, content }: OfferedFile, standing: Standing): void {
  const before = standingVersion(repository, role, standing);
  if (content.version === before + 1) return;
  throw new Failure(
    'event_stale',
    `${repository} ${role} v${content.version} does not follow on v${before}, which this workspace has verified`,
  );
}

function standingVersion(
  repository: OfferedFile['repository'],
  role: string,
  standing: Standing,
): number {
  if (repository === 'director') return directorRootOf(standing).content.version;
  if (role === 'root') return standing.imageRoot.content.version;
  if (role === 'targets') return standing.imageTargets.content.version;
  return standing.products.get(role)?.content.version ?? 0;
}

function parsed(name: string, text: string): JsonValue {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > LIMITS.targetsBytes) throw malformed(`${name} is too long`);
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new Failure('event_malformed', `${name}: ${cause.message}`, { cause });
  }
}

function malformed(why: string): Failure {
  return new Failure('event_malformed', `this event cannot be signed: ${why}`);
}
