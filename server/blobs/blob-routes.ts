import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { blobAnswer, type Handing } from './blob-answer.ts';
import type { Blob } from './blob-store.ts';
import { fileResponse, sendFile } from './send-file.ts';

export interface BlobDeps extends Handing {
  readonly findBlob: (sha256: string) => Promise<Blob | undefined>;
  readonly pathOf: (sha256: string) => string;
  /** Whether every release that names it is recalled. */
  readonly isRecalled: (sha256: string) => Promise<boolean>;
  /** Whether this `Authorization` header is of an operator, who may still look into what was recalled. */
  readonly isOperator: (authorization: string | undefined) => Promise<boolean>;
  /** Whether the bearer of this `Authorization` header may read blobs. */
  readonly mayRead: (authorization: string | undefined) => Promise<boolean>;
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
      if (await isWithheld(deps, blob.sha256, c.req.header('Authorization'))) {
        return c.json({ code: 'release_recalled', message: 'its release was recalled' }, 410);
      }
      const answer = blobAnswer(blob, deps, (name) => c.req.header(name));
      if (answer.kind === 'short' || c.req.method === 'HEAD') {
        return c.body(null, answer.status, answer.headers);
      }
      const { outgoing } = (c.env as Partial<HttpBindings> | undefined) ?? {};
      const file = { ...answer, path: deps.pathOf(blob.sha256) };
      if (outgoing === undefined) return fileResponse(file);
      await sendFile(file, outgoing);
      return RESPONSE_ALREADY_SENT;
    },
  );
}

/** What only recalled releases name is for no device any more. */
async function isWithheld(
  { isRecalled, isOperator }: BlobDeps,
  sha256: string,
  authorization: string | undefined,
): Promise<boolean> {
  return (await isRecalled(sha256)) && !(await isOperator(authorization));
}
