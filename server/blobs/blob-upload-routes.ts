import type { HttpBindings } from '@hono/node-server';
import { createRoute, z } from '@hono/zod-openapi';
import { errorAnswer, jsonAnswer } from '../http/answers.ts';
import { openApiApp } from '../http/open-api-app.ts';
import type { OperatorEnv } from '../http/operator.ts';
import type { PutResult } from './blob-folder.ts';
import type { Blob } from './blob-store.ts';

export interface BlobUploadDeps {
  readonly now: () => Date;
  readonly maxBytes: number;
  readonly findBlob: (sha256: string) => Promise<Blob | undefined>;
  /** Streams into the folder; the file is on disk when this answers `stored`. */
  readonly put: (
    sha256: string,
    chunks: AsyncIterable<Uint8Array>,
    maxBytes: number,
  ) => Promise<PutResult>;
  readonly saveBlob: (blob: Omit<Blob, 'published'>, at: Date) => Promise<boolean>;
}

const Params = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256 in lower-case hex'),
});
const BlobJson = z.object({ sha256: z.string(), length: z.int() }).openapi('Blob');

const find = createRoute({
  method: 'get',
  path: '/blobs/{sha256}',
  summary: 'Whether a blob is already here, so that it need not be sent',
  request: { params: Params },
  responses: {
    200: jsonAnswer('It is here', BlobJson),
    400: errorAnswer('Not a digest'),
    404: errorAnswer('It is not here'),
  },
});

const put = createRoute({
  method: 'put',
  path: '/blobs/{sha256}',
  summary: 'Upload a blob as the raw body; its digest is its name',
  request: {
    params: Params,
    query: z.strictObject({
      mediaType: z
        .string()
        .max(128)
        .regex(/^[a-z0-9][a-z0-9.+-]*\/[a-z0-9][a-z0-9.+-]*$/, 'must be a media type')
        .default('application/octet-stream'),
    }),
  },
  responses: {
    200: jsonAnswer('It was already here', BlobJson),
    201: jsonAnswer('Stored', BlobJson),
    400: errorAnswer('Not a digest, or not a media type'),
    413: errorAnswer('Longer than this server takes'),
    422: errorAnswer('The bytes have another digest'),
  },
});

/** Blobs come in before the release that names them, and are served only after it. */
export function blobUploadRoutes(deps: BlobUploadDeps) {
  return openApiApp<OperatorEnv & { Bindings: Partial<HttpBindings> }>()
    .openapi(find, async (c) => {
      const blob = await deps.findBlob(c.req.valid('param').sha256);
      if (blob === undefined) return c.json({ code: 'unknown_blob', message: 'not here' }, 404);
      return c.json({ sha256: blob.sha256, length: blob.length }, 200);
    })
    .openapi(put, async (c) => {
      const { sha256 } = c.req.valid('param');
      const { mediaType } = c.req.valid('query');
      const tooLarge = { code: 'too_large', message: `a blob may have ${deps.maxBytes} bytes` };
      if (Number(c.req.header('Content-Length') ?? 0) > deps.maxBytes) return c.json(tooLarge, 413);

      const result = await deps.put(sha256, bodyOf(c.req.raw, c.env), deps.maxBytes);
      if (result.kind === 'too_large') return c.json(tooLarge, 413);
      if (result.kind === 'hash_mismatch') {
        const message = `the bytes have sha256 ${result.sha256}, not ${sha256}`;
        return c.json({ code: 'blob_hash_mismatch', message }, 422);
      }
      const { length } = result;
      const isNew = await deps.saveBlob({ sha256, length, mediaType }, deps.now());
      return isNew ? c.json({ sha256, length }, 201) : c.json({ sha256, length }, 200);
    });
}

/** Straight from the socket where there is one; ending early must not cut the answer off. */
function bodyOf(
  request: Request,
  env: Partial<HttpBindings> | undefined,
): AsyncIterable<Uint8Array> {
  const { incoming } = env ?? {};
  if (incoming !== undefined) return incoming.iterator({ destroyOnReturn: false });
  return request.body ?? NO_BYTES;
}

const NO_BYTES: AsyncIterable<Uint8Array> = {
  async *[Symbol.asyncIterator]() {
    // a request without a body is an upload of zero bytes
  },
};
