import { nameOfFile, type SigningEvent } from '../../../shared/ceremony/event.ts';
import { holdersOf, type Holders } from '../../../shared/ceremony/holders.ts';
import {
  countSigned,
  isMet,
  requirementsOf,
  type Proposed,
  type Requirement,
} from '../../../shared/ceremony/requirements.ts';
import { isSignedBy } from '../../../shared/crypto/is-signed-by.ts';
import { Failure } from '../../failure.ts';
import { describeManifests } from './describe-manifests.ts';
import { describeReleases } from './describe-releases.ts';
import { describeRoot } from './describe-root.ts';
import { describeImageTargets } from './describe-targets.ts';
import type { Finding } from './finding.ts';
import { fingerprintOf, readEvent, type OfferedFile } from './read-event.ts';
import { directorRootOf, type Standing } from './standing.ts';

/** A key that may sign a file, and whether its signature was seen and checked here. */
export interface Signatory {
  readonly keyId: string;
  readonly holder: string | undefined;
  readonly hasSigned: boolean;
}

/** Whose signatures a file needs, as computed on this machine. */
export interface InspectedNeed {
  readonly by: string;
  readonly threshold: number;
  readonly signed: number;
  readonly isMet: boolean;
  readonly signatories: readonly Signatory[];
}

/** A file of an event: what it changes, what a signature covers, who must sign. */
export interface InspectedFile {
  readonly repository: 'image' | 'director';
  readonly role: string;
  readonly version: number;
  readonly sha256: string;
  readonly canonical: Uint8Array;
  readonly findings: readonly Finding[];
  readonly needs: readonly InspectedNeed[];
}

/** An event that may be signed, told from its own bytes. */
export interface InspectedEvent {
  readonly id: string;
  readonly title: string;
  readonly fingerprint: string;
  readonly files: readonly InspectedFile[];
  /** About the whole event: its manifests, its products. */
  readonly findings: readonly Finding[];
}

/**
 * Compares an event with what this workspace has verified. What the server says about it (versions, who
 * must sign) is only compared: where it differs from what is found here, nothing is to be signed.
 */
export function inspectEvent(event: SigningEvent, standing: Standing, now: Date): InspectedEvent {
  const offered = readEvent(event, standing);
  const inspected = inspectFiles({ ...event, offered }, standing, now);
  for (const file of inspected.files) requireSameNeeds(event, file);
  return { id: event.id, title: event.title, ...inspected };
}

/** The files of an event, and what comes with them. */
export interface OfferedFiles extends Pick<SigningEvent, 'manifests' | 'products'> {
  readonly offered: readonly OfferedFile[];
}

/** Tells what files change and whose signatures they need: also for an event that is not open yet. */
export function inspectFiles(
  { offered, manifests, products }: OfferedFiles,
  standing: Standing,
  now: Date,
): Omit<InspectedEvent, 'id' | 'title'> {
  const proposed = proposedOf(offered);
  const holders = allHolders(standing, offered);
  const files = offered.map((file) => {
    const requirements = requirementsOf(file, rulesOf(standing), proposed);
    if (requirements.length === 0) {
      throw new Failure('event_malformed', `nobody may sign ${nameOfFile(file)}: it has no keys`);
    }
    return {
      repository: file.repository,
      role: file.role,
      version: file.content.version,
      sha256: file.sha256,
      canonical: file.canonical,
      findings: describe(file, standing, now),
      needs: needsOf(file, requirements, holders),
    };
  });
  const findings = describeManifests({ manifests, products }, offered, standing);
  return { fingerprint: fingerprintOf(offered), files, findings };
}

/** Everything that it changes. */
export function allFindings({
  files,
  findings,
}: Pick<InspectedEvent, 'files' | 'findings'>): readonly Finding[] {
  return [...files.flatMap((file) => file.findings), ...findings];
}

function describe(file: OfferedFile, standing: Standing, now: Date): readonly Finding[] {
  if (file.kind === 'root') {
    const before = file.repository === 'image' ? standing.imageRoot : directorRootOf(standing);
    return describeRoot(file.repository, before, file, now);
  }
  if (file.role === 'targets') return describeImageTargets(standing.imageTargets, file, now);
  return describeReleases(file.role, standing.products.get(file.role), file, now);
}

function proposedOf(files: readonly OfferedFile[]): Proposed {
  const proposed: { -readonly [Key in keyof Proposed]: Proposed[Key] } = {};
  for (const file of files) {
    if (file.kind === 'root' && file.repository === 'image') proposed.imageRoot = file.content;
    else if (file.kind === 'root') proposed.directorRoot = file.content;
    else if (file.role === 'targets') proposed.imageTargets = file.content;
  }
  return proposed;
}

function rulesOf({
  imageRoot,
  imageTargets,
  directorRoot,
}: Standing): Parameters<typeof requirementsOf>[1] {
  return {
    imageRoot: imageRoot.content,
    imageTargets: imageTargets.content,
    directorRoot: directorRoot?.content,
  };
}

/** A key has one holder, whichever file names them: what stands goes before what is proposed. */
function allHolders(standing: Standing, offered: readonly OfferedFile[]): Holders {
  const { imageRoot, imageTargets, directorRoot } = standing;
  const files = [...offered, imageRoot, imageTargets, ...(directorRoot ? [directorRoot] : [])];
  return new Map(files.flatMap(({ file }) => [...holdersOf(file)]));
}

function needsOf(
  file: OfferedFile,
  requirements: readonly Requirement[],
  holders: Holders,
): readonly InspectedNeed[] {
  const signed = signersOf(file, requirements);
  return requirements.map((requirement) => ({
    by: requirement.by,
    threshold: requirement.threshold,
    signed: countSigned(requirement, signed),
    isMet: isMet(requirement, signed),
    signatories: [...requirement.keys.keys()].map((keyId) => ({
      keyId,
      holder: holders.get(keyId)?.name,
      hasSigned: signed.has(keyId),
    })),
  }));
}

/** Whose signatures hold, by our own look. */
function signersOf(
  { signatures, canonical }: OfferedFile,
  requirements: readonly Requirement[],
): ReadonlySet<string> {
  const keys = new Map(requirements.flatMap((requirement) => [...requirement.keys]));
  return new Set(
    signatures.flatMap(({ keyid, sig }) => {
      const key = keys.get(keyid);
      return key !== undefined && isSignedBy(key, canonical, Buffer.from(sig, 'hex'))
        ? [keyid]
        : [];
    }),
  );
}

/** The server's list of who must sign is the one that follows from the files, or it is hiding something. */
function requireSameNeeds(event: SigningEvent, file: InspectedFile): void {
  const name = nameOfFile(file);
  const said = event.files.find((each) => nameOfFile(each) === name)?.requirements ?? [];
  const theirs = said.map(({ by, threshold, keys }) => {
    return needText(
      by,
      threshold,
      keys.map(({ keyid }) => keyid),
    );
  });
  const ours = file.needs.map(({ by, threshold, signatories }) => {
    return needText(
      by,
      threshold,
      signatories.map(({ keyId }) => keyId),
    );
  });
  if (theirs.join('\n') === ours.join('\n')) return;
  throw new Failure(
    'event_misleading',
    `the server names other keys or thresholds for ${name} than the files do`,
  );
}

function needText(by: string, threshold: number, keyIds: readonly string[]): string {
  return JSON.stringify([by, threshold, [...keyIds].sort()]);
}
