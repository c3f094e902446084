import { createRoute, z } from '@hono/zod-openapi';
import type { AuditEntry } from '../../shared/protocol/audit.ts';
import { errorAnswer, jsonAnswer } from '../http/answers.ts';
import { openApiApp } from '../http/open-api-app.ts';
import type { OperatorEnv } from '../http/operator.ts';

export interface AuditDeps {
  readonly listAudit: (page: {
    readonly after: number;
    readonly limit: number;
  }) => Promise<readonly AuditEntry[]>;
}

const Entry = z
  .object({
    sequence: z.int(),
    at: z.string(),
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    before: z.string().nullable(),
    after: z.string().nullable(),
    previousHash: z.string(),
    hash: z.string(),
  })
  .openapi('AuditEntry');

const list = createRoute({
  method: 'get',
  path: '/audit',
  summary: 'Who did what, in a chain of hashes that anybody can check',
  request: {
    query: z.strictObject({
      after: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
  },
  responses: {
    200: jsonAnswer('Entries, oldest first', z.object({ entries: z.array(Entry) })),
    400: errorAnswer('The query is not understood'),
  },
});

/** `GET /audit`: the trail as it is stored. Whoever reads it checks the chain; we do not vouch for us. */
export function auditRoutes({ listAudit }: AuditDeps) {
  return openApiApp<OperatorEnv>().openapi(list, async (c) => {
    const entries = await listAudit(c.req.valid('query'));
    return c.json({ entries: [...entries] }, 200);
  });
}
