import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { readRange } from './byte-range.ts';
import { fileResponse, sendFile, type FileAnswer } from './send-file.ts';
import type { Blob } from './blob-store.ts';

export interface BlobDeps {
  readonly findBlob: (sha256: string) => Promise<Blob | undefined>;
  readonly pathOf: (sha256: string) => string;
  /** Whether the bearer of this `Authorization` header may read blobs. */
  readonly mayRead: (authorization: string | undefined) => Promise<boolean>;
  /** Anybody may read: caches in between may keep what they saw. */
  readonly isPublic: boolean;
  /** Prefix of the location that nginx serves itself, by `X-Accel-Redirect`. */
  readonly accelPrefix?: string | undefined;
}

/**
 * `GET /sha256/<hex>`: artifacts, SBOMs and attestations of published releases, by digest. Who fetches
 * them checks the digest; the bearer only keeps confidential firmware from strangers.
 */
export function blobRoutes(deps: BlobDeps) {
  return new Hono<{ Bindings: Partial<HttpBindings> }>().get(
    '/sha256/:sha256{[0-9a-f]{64}}',
    async (c) => {
      if (!(await deps.mayRead(c.req.header('Authorization')))) {
        const refusal = { code: 'unauthorized', message: 'blobs need a device or operator token' };
        return c.json(refusal, 401, { 'WWW-Authenticate': 'Bearer' });
      }
      const blob = await deps.findBlob(c.req.param('sha256'));
      if (blob?.published !== true) {
        return c.json({ code: 'unknown_blob', message: 'no release names this blob' }, 404);
      }
      const answer = answerFor(blob, deps, (name) => c.req.header(name));
      if (answer.kind === 'short') return c.body(null, answer.status, answer.headers);
      if (c.req.method === 'HEAD') return c.body(null, answer.status, answer.headers);
      const { outgoing } = (c.env as Partial<HttpBindings> | undefined) ?? {};
      if (outgoing === undefined) return fileResponse(answer);
      await sendFile(answer, outgoing);
      return RESPONSE_ALREADY_SENT;
    },
  );
}

type Answer =
  | {
      readonly kind: 'short';
      readonly status: 200 | 304 | 416;
      readonly headers: Record<string, string>;
    }
  | ({ readonly kind: 'file'; readonly headers: Record<string, string> } & FileAnswer);

function answerFor(
  { sha256, length, mediaType }: Blob,
  { isPublic, accelPrefix, pathOf }: BlobDeps,
  header: (name: string) => string | undefined,
): Answer {
  const etag = `"${sha256}"`;
  const headers: Record<string, string> = {
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
  const range = readRange(wanted, length);
  const path = pathOf(sha256);
  switch (range.kind) {
    case 'unsatisfiable':
      headers['Content-Range'] = `bytes */${length}`;
      return { kind: 'short', status: 416, headers };
    case 'part':
      headers['Content-Range'] = `bytes ${range.start}-${range.end}/${length}`;
      headers['Content-Length'] = String(range.end - range.start + 1);
      return { kind: 'file', path, status: 206, headers, range };
    case 'whole':
      headers['Content-Length'] = String(length);
      return { kind: 'file', path, status: 200, headers };
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
