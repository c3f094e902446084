import { TargetsSchema } from '../../shared/metadata/targets.ts';
import { TargetCustom } from '../../shared/release/must-match.ts';
import { held } from '../../shared/trust/held.ts';
import type { MetadataStore } from '../../shared/trust/repository.ts';
import { openFile, readContent } from '../../shared/trust/signed-file.ts';

/**
 * Which releases, by the sha256 of their manifest, the author of a product has recalled, by the role
 * that this device has verified and stored last. A copy that no longer reads says nothing.
 */
export async function recallsInRole(
  store: Pick<MetadataStore, 'load'>,
  product: string,
): Promise<readonly string[]> {
  const bytes = await store.load(product);
  const role = bytes && held(() => readContent(product, openFile(product, bytes), TargetsSchema));
  const targets = role?.content.targets.values() ?? [];
  return [...targets].flatMap(({ hashes, custom }) => {
    const recall = TargetCustom.safeParse(custom).data?.recall;
    return recall === undefined || hashes.sha256 === undefined ? [] : [hashes.sha256];
  });
}
