import { createRoute, z } from '@hono/zod-openapi';
import { errorAnswer, jsonAnswer, jsonBody } from '../http/answers.ts';
import { NameField } from '../http/fields.ts';
import { openApiApp } from '../http/open-api-app.ts';
import { actorOf, type OperatorEnv, type OperatorRole } from '../http/operator.ts';

/** A token that is shown this once. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: string | null;
}

export interface EnrolmentTokenWish {
  readonly name: string;
  readonly product: string | null;
  readonly uses: number;
  readonly hours: number;
  readonly accept: boolean;
}

export interface OperatorTokenWish {
  readonly name: string;
  readonly role: OperatorRole;
  readonly hours: number | null;
}

export interface TokenDeps {
  readonly issueEnrolmentToken: (wish: EnrolmentTokenWish, actor: string) => Promise<IssuedToken>;
  readonly issueOperatorToken: (wish: OperatorTokenWish, actor: string) => Promise<IssuedToken>;
}

const name = z.string().min(1).max(64);
/** Ten years: longer is never meant. */
const hours = z.int().min(1).max(87_600);

const NewToken = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('enrolment'),
      name,
      product: NameField.optional(),
      uses: z.int().min(1).max(100_000).default(1),
      hours: hours.default(24),
      accept: z.boolean().default(true),
    }),
    z.strictObject({
      kind: z.literal('operator'),
      name,
      role: z.enum(['admin', 'author', 'operator', 'viewer']),
      hours: hours.optional(),
    }),
  ])
  .openapi('NewToken');

const issue = createRoute({
  method: 'post',
  path: '/tokens',
  summary: 'A token for enrolling devices, or for an operator',
  request: jsonBody(NewToken),
  responses: {
    201: jsonAnswer(
      'Shown once; only its hash is stored',
      z.object({ token: z.string(), expiresAt: z.string().nullable() }),
    ),
    400: errorAnswer('The request is not understood'),
    403: errorAnswer('Only an admin lets operators in'),
  },
});

/** `POST /tokens`. Operators may let devices in; only an admin may let operators in. */
export function tokenRoutes(deps: TokenDeps) {
  return openApiApp<OperatorEnv>().openapi(issue, async (c) => {
    const operator = c.get('operator');
    const wish = c.req.valid('json');
    if (wish.kind === 'enrolment') {
      const product = wish.product ?? null;
      const token = await deps.issueEnrolmentToken({ ...wish, product }, actorOf(operator));
      return c.json(token, 201);
    }
    if (operator.role !== 'admin') {
      const message = `an admin may issue operator tokens, ${operator.name} is ${operator.role}`;
      return c.json({ code: 'forbidden', message }, 403);
    }
    const token = await deps.issueOperatorToken(
      { ...wish, hours: wish.hours ?? null },
      actorOf(operator),
    );
    return c.json(token, 201);
  });
}
