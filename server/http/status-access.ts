import type { MiddlewareHandler } from 'hono';
import { operatorToken, type OperatorAuthDeps } from './operator-auth.ts';

export interface StatusAccessDeps extends OperatorAuthDeps {
  /** The server listens on loopback only and nobody said that a proxy stands before it. */
  readonly isLocal: boolean;
}

/**
 * Lets people see the status page: on the machine itself as it is, from elsewhere with an operator token.
 */
export function statusAccess({ isLocal, findOperator }: StatusAccessDeps): MiddlewareHandler {
  return async (c, next) => {
    if (isLocal && isFromHere((name) => c.req.header(name))) return next();
    const token = operatorToken(c.req.header('Authorization'));
    if (token !== undefined && (await findOperator(token)) !== undefined) return next();
    const message = 'the status page needs an operator token, but on the machine itself';
    return c.json({ code: 'unauthorized', message }, 401, { 'WWW-Authenticate': 'Bearer' });
  };
}

/**
 * Whether a request that came over loopback was also meant for it: a proxy on this machine says for whom
 * it asks, and a page that points its own name at 127.0.0.1 (DNS rebinding) says that name.
 */
function isFromHere(header: (name: string) => string | undefined): boolean {
  const forwarded = ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'Via'];
  if (forwarded.some((name) => header(name) !== undefined)) return false;
  return LOOPBACK_HOST.test(header('Host') ?? '');
}

/** Whether an address to listen on is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;
