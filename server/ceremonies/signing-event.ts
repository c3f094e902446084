import { nameOfFile, type EventFileName } from '../../shared/ceremony/event.ts';
import {
  isMet,
  requirementsOf,
  type Proposed,
  type Requirement,
  type Standing,
} from '../../shared/ceremony/requirements.ts';
import { isSignedBy } from '../../shared/crypto/is-signed-by.ts';
import { canonicalBytes, canonicalFile } from '../../shared/metadata/canonical-json.ts';
import { parseStrictJson } from '../../shared/metadata/strict-json.ts';
import type { SignedFile } from '../repository/online-files.ts';
import { readRoot, readTargets } from '../repository/unverified.ts';
import { NO_CHANGE, type Change } from './change.ts';

/** The next version of a file, without signatures. */
export interface EventFile extends EventFileName {
  readonly version: number;
  readonly expires: Date;
  /** The signed part, as it goes into the file. */
  readonly signed: Uint8Array;
}

/** A signature that was checked against the file and the keys that count for it. */
export interface GivenSignature extends EventFileName {
  readonly keyid: string;
  readonly sig: string;
}

/** The requirements of each file, by its name. */
export type Needs = ReadonlyMap<string, readonly Requirement[]>;

/** What the files of an event need, from what stands and from what they would put in its place. */
export function needsOf(files: readonly EventFile[], standing: Standing): Needs {
  const proposed = proposedBy(files);
  return new Map(files.map((file) => [nameOfFile(file), requirementsOf(file, standing, proposed)]));
}

/** Whether every file has all it needs; a file that nobody may sign never has. */
export function isComplete(needs: Needs, given: readonly GivenSignature[]): boolean {
  return [...needs].every(([name, requirements]) => {
    const signed = new Set(
      given.filter((signature) => nameOfFile(signature) === name).map(({ keyid }) => keyid),
    );
    return requirements.length > 0 && requirements.every((one) => isMet(one, signed));
  });
}

/** What is wrong with a signature, or undefined: its key must count for that very file. */
export function signatureFault(
  files: readonly EventFile[],
  needs: Needs,
  { keyid, sig, ...name }: GivenSignature,
):
  | { readonly kind: 'signature_unknown' | 'signature_invalid'; readonly message: string }
  | undefined {
  const file = files.find((one) => nameOfFile(one) === nameOfFile(name));
  const key = (needs.get(nameOfFile(name)) ?? [])
    .map(({ keys }) => keys.get(keyid))
    .find((found) => found !== undefined);
  if (file === undefined || key === undefined) {
    const message = `key ${keyid} does not count for ${nameOfFile(name)} of this event`;
    return { kind: 'signature_unknown', message };
  }
  if (isSignedBy(key, payloadOf(file), Buffer.from(sig, 'hex'))) return undefined;
  const message = `key ${keyid} did not sign ${nameOfFile(name)} v${file.version} as it is here`;
  return { kind: 'signature_invalid', message };
}

/** The change that an event makes, its files put together with their signatures. */
export function changeOf(
  files: readonly EventFile[],
  given: readonly GivenSignature[],
  more: Pick<Change, 'manifests' | 'products'>,
): Change {
  const products = files.filter(
    ({ repository, role }) => repository === 'image' && isProduct(role),
  );
  return {
    ...NO_CHANGE,
    ...more,
    ...rulingFiles(files, given),
    roles: products.map((file) => signedFile(file, given)),
  };
}

/** A file with the signatures that were given for it. */
export function signedFile(file: EventFile, given: readonly GivenSignature[]): SignedFile {
  const signatures = given
    .filter((signature) => nameOfFile(signature) === nameOfFile(file))
    .map(({ keyid, sig }) => ({ keyid, sig }));
  const { role, version, expires } = file;
  return { role, version, expires, bytes: canonicalFile({ signatures, signed: parsed(file) }) };
}

/** Only these are read: of the roles of products the text may not even be here. */
function proposedBy(files: readonly EventFile[]): Proposed {
  const { imageRoot, imageTargets, directorRoot } = rulingFiles(files, []);
  return {
    imageRoot: imageRoot && readRoot(imageRoot),
    imageTargets: imageTargets && readTargets(imageTargets),
    directorRoot: directorRoot && readRoot(directorRoot),
  };
}

/** The files that say who may sign others. */
function rulingFiles(
  files: readonly EventFile[],
  given: readonly GivenSignature[],
): Pick<Change, 'imageRoot' | 'imageTargets' | 'directorRoot'> {
  const find = (repository: EventFileName['repository'], role: string): SignedFile | undefined => {
    const file = files.find((one) => one.repository === repository && one.role === role);
    return file && signedFile(file, given);
  };
  return {
    imageRoot: find('image', 'root'),
    imageTargets: find('image', 'targets'),
    directorRoot: find('director', 'root'),
  };
}

function isProduct(role: string): boolean {
  return role !== 'root' && role !== 'targets';
}

function payloadOf(file: EventFile): Uint8Array {
  return canonicalBytes(parsed(file));
}

function parsed({ signed }: EventFile): ReturnType<typeof parseStrictJson> {
  return parseStrictJson(signed);
}
