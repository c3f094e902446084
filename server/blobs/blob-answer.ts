import type { Blob } from './blob-store.ts';
import { readRange } from './byte-range.ts';

/** How blobs are handed out here. */
export interface Handing {
  /** Anybody may read: caches in between may keep what they saw. */
  readonly isPublic: boolean;
  /** Prefix of the location that nginx serves itself, by `X-Accel-Redirect`. */
  readonly accelPrefix?: string | undefined;
}

type Headers = Record<string, string>;

/** The answer to a request for a blob: headers alone, or headers and these bytes of it. */
export type BlobAnswer =
  | { readonly kind: 'short'; readonly status: 200 | 304 | 416; readonly headers: Headers }
  | {
      readonly kind: 'file';
      readonly status: 200 | 206;
      readonly headers: Headers;
      readonly start: number;
      readonly length: number;
    };

/** Decides an answer from the blob and the request's headers. */
export function blobAnswer(
  blob: Blob,
  { isPublic, accelPrefix }: Handing,
  header: (name: string) => string | undefined,
): BlobAnswer {
  const { sha256, length, mediaType } = blob;
  const etag = `"${sha256}"`;
  const headers: Headers = {
    'Accept-Ranges': 'bytes',
    'Cache-Control': `${isPublic ? 'public' : 'private'}, max-age=31536000, immutable`,
    'Content-Disposition': 'attachment', // an author's file is never a page of this site
    'Content-Type': mediaType,
    ETag: etag,
    'X-Content-Type-Options': 'nosniff',
  };
  if (isNamedBy(header('If-None-Match'), etag)) return { kind: 'short', status: 304, headers };
  if (accelPrefix !== undefined) {
    const location = `${accelPrefix}/${sha256.slice(0, 2)}/${sha256}`;
    return { kind: 'short', status: 200, headers: { ...headers, 'X-Accel-Redirect': location } };
  }
  // RFC 9110 13.1.5: a range of another representation is not the one that was asked for.
  const ifRange = header('If-Range');
  const wanted = ifRange === undefined || ifRange === etag ? header('Range') : undefined;
  return bytesAnswer(wanted, length, headers);
}

function bytesAnswer(wanted: string | undefined, length: number, headers: Headers): BlobAnswer {
  const range = readRange(wanted, length);
  switch (range.kind) {
    case 'unsatisfiable': {
      const contentRange = { 'Content-Range': `bytes */${length}` };
      return { kind: 'short', status: 416, headers: { ...headers, ...contentRange } };
    }
    case 'part': {
      const { start, end } = range;
      const count = end - start + 1;
      const part = {
        'Content-Range': `bytes ${start}-${end}/${length}`,
        'Content-Length': String(count),
      };
      return { kind: 'file', status: 206, headers: { ...headers, ...part }, start, length: count };
    }
    case 'whole': {
      const whole = { 'Content-Length': String(length) };
      return { kind: 'file', status: 200, headers: { ...headers, ...whole }, start: 0, length };
    }
  }
}

/** RFC 9110 13.1.2, weak comparison: the tag is in the list, or the list is `*`. */
function isNamedBy(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .some((tag) => tag === etag || tag === '*');
}
