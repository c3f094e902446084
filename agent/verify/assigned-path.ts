import * as z from 'zod/mini';
import type { Bundle } from '../../shared/protocol/bundle.ts';
import type { MetadataStore } from '../../shared/trust/repository.ts';

const Signed = z.looseObject({
  signed: z.looseObject({ targets: z.record(z.string(), z.unknown()) }),
});

/**
 * The path that a refused bundle assigns, for the report: only when its targets file is the one
 * that this device has just verified and stored. Of anything else nobody knows who said it.
 */
export async function assignedPath(
  { files }: Bundle,
  director: Pick<MetadataStore, 'load'>,
): Promise<string | null> {
  const stored = (await director.load('targets'))?.toString();
  if (stored === undefined || !Object.values(files).includes(stored)) return null;
  const parsed = Signed.safeParse(JSON.parse(stored));
  const paths = parsed.success ? Object.keys(parsed.data.signed.targets) : [];
  return paths[0] ?? null;
}
