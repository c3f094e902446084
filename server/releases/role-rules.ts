import { canonicalBytes } from '../../shared/metadata/canonical-json.ts';
import type { Targets } from '../../shared/metadata/targets.ts';

/**
 * What is wrong with a new version of a product's role beyond its signatures, or undefined: everything
 * published before stays as it was, and exactly the new release is added. A second, unseen release in the
 * same role would be firmware that the gate has never looked at.
 */
export function roleFault(before: Targets, after: Targets, path: string): string | undefined {
  for (const [published, file] of before.targets) {
    const kept = after.targets.get(published);
    if (kept === undefined) return `${published} is published and missing from the new role`;
    if (!Buffer.from(canonicalBytes(file)).equals(canonicalBytes(kept))) {
      return `${published} is published and would change`;
    }
  }
  for (const added of after.targets.keys()) {
    if (added !== path && !before.targets.has(added)) {
      return `the new role adds ${added} besides ${path}; publish one release at a time`;
    }
  }
  return undefined;
}
