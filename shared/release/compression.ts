/** How an image is packed. The signed media type says it, so nobody has to guess from bytes. */
export type Compression = 'none' | 'gzip' | 'xz' | 'zstd';

/** The media types of packed images. */
export const PACKED_MEDIA_TYPES = {
  gzip: 'application/gzip',
  xz: 'application/x-xz',
  zstd: 'application/zstd',
} as const satisfies Record<Exclude<Compression, 'none'>, string>;

/**
 * How an image of this media type is packed; anything that is not a packing is written as it is. A
 * partition may hold a gzip file by intention: its author packs it once more.
 */
export function compressionOf(mediaType: string): Compression {
  const kinds = ['gzip', 'xz', 'zstd'] as const;
  return kinds.find((kind) => PACKED_MEDIA_TYPES[kind] === mediaType) ?? 'none';
}

/** What unpacking may use on a device; authors are held to the same. `xz -9` needs 65 MiB. */
export const UNPACKING_MEBIBYTES = 80;
/** zstd's window is a power of two: `--long=26`, 64 MiB, is the largest below. */
export const ZSTD_WINDOW_LOG = 26;
