import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { LIMITS } from '../../shared/metadata/limits.ts';

/** Signed texts travel inside JSON, where each quote of theirs becomes two bytes. */
const SIGNED_TEXTS_BYTES = 2 * (LIMITS.targetsBytes + LIMITS.manifestBytes);
/** A thousand signatures by the longest keys of ours, with their names. */
const SIGNATURES_BYTES = 1_024 * 1_024;
const DEFAULT_BYTES = 64 * 1_024;

/** No request of the operator API is longer than this; blobs have their own limit where they stream. */
export function apiBodyLimit(): MiddlewareHandler {
  const texts = limit(SIGNED_TEXTS_BYTES);
  const signatures = limit(SIGNATURES_BYTES);
  const usual = limit(DEFAULT_BYTES);
  return (c, next) => {
    if (c.req.method === 'PUT' && BLOB.test(c.req.path)) return next();
    if (SIGNATURES.test(c.req.path)) return signatures(c, next);
    return (CARRIES_TEXTS.test(c.req.path) ? texts : usual)(c, next);
  };
}

const BLOB = /\/blobs\/[^/]+$/;
const SIGNATURES = /\/signatures$/;
const CARRIES_TEXTS = /\/(trust|products|releases|signing-events)$/;

function limit(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: (c) =>
      c.json({ code: 'too_large', message: `the body may have ${maxSize} bytes` }, 413),
  });
}
