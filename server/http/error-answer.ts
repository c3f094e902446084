import type { ErrorHandler, NotFoundHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';

/** One event for the log; never a token, a key or a body. */
export type LogEvent = (event: string, fields: object) => void;

/** What nobody answered. */
export const notFound: NotFoundHandler = (c) =>
  c.json({ code: 'not_found', message: `there is nothing at ${c.req.path}` }, 404);

/**
 * The last place an error can come to: what a framework found wrong with a request is the sender's
 * business, everything else is ours, logged, and told to nobody.
 */
export function errorHandler(log: LogEvent): ErrorHandler {
  return (cause, c) => {
    if (cause instanceof HTTPException) return ofFramework(cause);
    if (isHangUp(cause))
      return c.json({ code: 'aborted', message: 'the request was cut off' }, 400);
    const { method, path } = c.req;
    log('request_failed', { method, path, error: cause.message, stack: cause.stack });
    return c.json({ code: 'internal', message: 'something went wrong here; see the log' }, 500);
  };
}

function ofFramework(cause: HTTPException): Response {
  if (cause.res !== undefined) return cause.res;
  const { status, message } = cause;
  return Response.json({ code: CODES.get(status) ?? 'refused_request', message }, { status });
}

const CODES: ReadonlyMap<number, string> = new Map([
  [400, 'malformed_request'],
  [415, 'unsupported_media_type'],
]);

/** The sender went away in the middle of its own request. */
function isHangUp(cause: Error): boolean {
  const { code } = cause as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}
