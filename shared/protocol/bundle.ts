import * as z from 'zod/mini';
import { LIMITS } from '../metadata/limits.ts';
import type { FetchFile } from '../trust/repository.ts';

/**
 * What the director says to one device in one message: the files of its repository by name
 * (`timestamp.json`, `7.snapshot.json`, `7.targets.json`, any newer `2.root.json`), each as the
 * exact text that was signed.
 */
export const BundleSchema = z.strictObject({
  schema: z.literal('sealift.assignment/1'),
  files: z
    .record(z.string().check(z.maxLength(128)), z.string())
    .check(z.refine((files) => Object.keys(files).length <= LIMITS.roots + 3, 'too many files')),
});
export type Bundle = Readonly<z.infer<typeof BundleSchema>>;

/** The bytes of a bundle, from its files. */
export function bundleBytes(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const texts = [...files].map(([name, bytes]): [string, string] => [
    name,
    Buffer.from(bytes).toString('utf8'),
  ]);
  const bundle: Bundle = { schema: 'sealift.assignment/1', files: Object.fromEntries(texts) };
  return Buffer.from(JSON.stringify(bundle), 'utf8');
}

/** A bundle as a repository to fetch from: the verifier does not know that it is one message. */
export function bundleAsFetch({ files }: Bundle): FetchFile {
  return (name) =>
    Promise.resolve(
      Object.hasOwn(files, name) ? Buffer.from(files[name] ?? '', 'utf8') : undefined,
    );
}
