/** A file of the package, by its path from the root. */
export interface PackageFile {
  readonly path: string;
  readonly mode: number;
  readonly content: { readonly bytes: Buffer } | { readonly copyOf: string };
}

/** A text, readable for all. */
export function textFile(path: string, text: string, mode = 0o644): PackageFile {
  return { path, mode, content: { bytes: Buffer.from(text) } };
}

/** A file that lies here already. */
export function copiedFile(path: string, copyOf: string, mode = 0o644): PackageFile {
  return { path, mode, content: { copyOf } };
}
