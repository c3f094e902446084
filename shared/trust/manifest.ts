import type { TargetFile } from '../metadata/targets.ts';
import { Conditions } from '../release/conditions.ts';
import { ManifestSchema, type Manifest } from '../release/manifest.ts';
import { isSameFit } from '../release/must-match.ts';
import { parseManifestPath } from '../release/names.ts';
import { customOf } from './join.ts';
import { firstIssue, readJson } from './malformed.ts';
import { hasHashes } from './named-by-parent.ts';
import { Refusal } from './refusal.ts';

/** A target as one role vouched for it. */
export interface NamedTarget {
  readonly path: string;
  readonly file: TargetFile;
}

/**
 * The release manifest behind a target: first its bytes by hash (TUF 5.7.3), only then its words,
 * and these must say what the metadata said.
 */
export function acceptManifest(bytes: Uint8Array, { path, file }: NamedTarget): Manifest {
  if (bytes.length !== file.length || !hasHashes(bytes, file.hashes)) {
    throw new Refusal('manifest_hash_mismatch', `${path} is not the file that was signed`);
  }
  const manifest = readManifest(path, bytes);
  const named = parseManifestPath(path);
  if (manifest.product !== named?.product || manifest.version !== named.version) {
    throw new Refusal(
      'manifest_mismatched',
      `${path} calls itself ${manifest.product} ${manifest.version}`,
    );
  }
  if (!isSameFit(manifest, customOf(path, file).mustMatch)) {
    throw new Refusal('manifest_mismatched', `${path} has other epoch or boards than its target`);
  }
  return manifest;
}

/** How much of a file that we refuse a sentence repeats. */
const MAX_QUOTED = 200;

/** The conditions of a release. One that this code does not know is refused, never skipped. */
export function readConditions({ conditions: stated = {} }: Manifest): Conditions {
  const conditions = Conditions.safeParse(stated);
  if (conditions.success) return conditions.data;
  const said = JSON.stringify(stated).slice(0, MAX_QUOTED);
  const { message } = firstIssue(conditions.error);
  throw new Refusal('condition_unsupported', `its conditions ${said} are not for us: ${message}`);
}

function readManifest(path: string, bytes: Uint8Array): Manifest {
  const parsed = ManifestSchema.safeParse(readJson('manifest_malformed', path, bytes));
  if (parsed.success) return parsed.data;
  const { field, message } = firstIssue(parsed.error);
  throw new Refusal('manifest_malformed', `${path} at ${field}: ${message}`);
}
