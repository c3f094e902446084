import { OpenAPIHono } from '@hono/zod-openapi';
import type { Env } from 'hono';
import type { ZodError } from 'zod';

/**
 * A router whose requests are parsed by the schemas of its OpenAPI document. What does not parse gets
 * 400 `malformed_request`, naming the first field at fault.
 */
export function openApiApp<E extends Env>(): OpenAPIHono<E> {
  return new OpenAPIHono<E>({
    defaultHook: (result, c) =>
      result.success ? undefined : c.json(malformedRequest(result.error), 400),
  });
}

/** The answer to a request that its schema refused. */
export function malformedRequest(error: Pick<ZodError, 'issues'>): {
  readonly code: 'malformed_request';
  readonly message: string;
  readonly issues: readonly { readonly path: string; readonly message: string }[];
} {
  const issues = error.issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({
    path: path.map(String).join('.'),
    message,
  }));
  const [first] = issues;
  const at = first === undefined || first.path === '' ? 'the request' : first.path;
  return { code: 'malformed_request', message: `${at}: ${first?.message ?? 'invalid'}`, issues };
}

// A hostile body can break a rule once per element; nobody reads more than a few.
const MAX_ISSUES = 20;
