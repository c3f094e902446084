import type { MiddlewareHandler } from 'hono';
import type { Operator, OperatorEnv } from './operator.ts';
import { mayCall } from './permissions.ts';

export interface OperatorAuthDeps {
  /** The operator whose token this is, while it is good. */
  readonly findOperator: (token: string) => Promise<Operator | undefined>;
}

/** Where the operator API begins: paths in {@link mayCall} are below it. */
export const API = '/api/v1';

/** Lets an operator's request through whose token is good and whose role may do it. */
export function operatorAuth({ findOperator }: OperatorAuthDeps): MiddlewareHandler<OperatorEnv> {
  return async (c, next) => {
    const token = operatorToken(c.req.header('Authorization'));
    const operator = token === undefined ? undefined : await findOperator(token);
    if (operator === undefined) {
      const message = 'this needs an operator token (Authorization: Bearer slo_...)';
      return c.json({ code: 'unauthorized', message }, 401, { 'WWW-Authenticate': 'Bearer' });
    }
    if (!mayCall(operator.role, c.req.method, c.req.path.slice(API.length))) {
      const message = `${operator.name} is ${operator.role}, which may not do this`;
      return c.json({ code: 'forbidden', message }, 403);
    }
    c.set('operator', operator);
    return next();
  };
}

/** The operator token in an `Authorization` header, if that is what it holds. */
export function operatorToken(authorization: string | undefined): string | undefined {
  return BEARER.exec(authorization ?? '')?.[1];
}

const BEARER = /^Bearer (slo_[A-Za-z0-9_-]{43})$/;
