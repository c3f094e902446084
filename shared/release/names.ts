import * as z from 'zod/mini';

/** Products, versions, components, hardware ids, groups: `[a-z0-9._-]`, safe as a file name. */
export const Name = z.string().check(
  z.regex(
    /^[a-z0-9][a-z0-9._-]{0,63}$/,
    'must be 1 to 64 of a-z 0-9 . _ - and begin with a letter or digit',
  ),
  z.refine((name) => !name.includes('..'), 'must not contain ..'),
);

/** Where a release lives in the image repository, for ever: `<product>/<version>/manifest.json`. */
export function manifestPath(product: string, version: string): string {
  return `${product}/${version}/manifest.json`;
}

/** The two names inside a manifest path, or undefined when it is not one. */
export function parseManifestPath(
  path: string,
): { readonly product: string; readonly version: string } | undefined {
  const [product, version, file, ...rest] = path.split('/');
  if (file !== 'manifest.json' || rest.length > 0) return undefined;
  const names = z.tuple([Name, Name]).safeParse([product, version]);
  return names.success ? { product: names.data[0], version: names.data[1] } : undefined;
}
