import { PACKED_MEDIA_TYPES } from '../../shared/release/compression.ts';

/** Kinds of artifacts that can be told from their first bytes. */
export type ArtifactKind = 'tar' | 'gzip' | 'xz' | 'zstd' | 'other';

const MAGIC: readonly (readonly [ArtifactKind, number, readonly number[]])[] = [
  ['gzip', 0, [0x1f, 0x8b]],
  ['xz', 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', 0, [0x28, 0xb5, 0x2f, 0xfd]],
  ['tar', 257, [0x75, 0x73, 0x74, 0x61, 0x72]], // "ustar", POSIX and GNU
];

const MEDIA_TYPES: Readonly<Record<ArtifactKind, string>> = {
  tar: 'application/x-tar',
  ...PACKED_MEDIA_TYPES,
  other: 'application/octet-stream',
};

/** How many of the first bytes decide. */
export const SNIFFED_BYTES = 512;

/** What the first bytes of a file say that it is. */
export function kindOf(head: Uint8Array): ArtifactKind {
  const found = MAGIC.find(([, at, magic]) => magic.every((byte, i) => head[at + i] === byte));
  return found?.[0] ?? 'other';
}

/** The media type of a kind. */
export function mediaTypeOf(kind: ArtifactKind): string {
  return MEDIA_TYPES[kind];
}
