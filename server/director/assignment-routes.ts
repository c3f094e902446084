import type { IncomingHttpHeaders } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { deviceRefused, type DeviceAuthentication } from '../http/device-auth.ts';
import type { ReadyBundle } from './bundle-cache.ts';
import type { Director } from './director-store.ts';

export interface AssignmentDeps {
  readonly authenticate: DeviceAuthentication;
  readonly director: Pick<Director, 'ready' | 'current' | 'withNonce'>;
  /** The device was heard of. Must not wait for anything. */
  readonly sighted: (deviceId: string) => void;
}

/**
 * `GET /assignment`, the request that every device sends every few minutes. With a known token and an
 * unchanged word it is two look-ups in memory: no database, no public-key operation, no promise.
 */
export function assignmentRoutes({ authenticate, director, sighted }: AssignmentDeps) {
  return new Hono<NodeEnv>().get('/assignment', (c) => {
    const read = headerReader(c);
    const who = authenticate(read('authorization'));
    const tag = read('if-none-match');
    const nonce = c.req.query('nonce');
    if (!(who instanceof Promise) && who.kind === 'device' && nonce === undefined) {
      const ready = director.ready(who.id);
      if (ready !== undefined) {
        sighted(who.id);
        return answer(ready, tag);
      }
    }
    return decide(who, nonce, tag);
  });

  async function decide(
    asked: ReturnType<DeviceAuthentication>,
    nonce: string | undefined,
    tag: string | undefined,
  ): Promise<Response> {
    const who = await asked;
    if (who.kind === 'refused') return deviceRefused(who);
    if (nonce !== undefined && !NONCE.test(nonce)) return Response.json(BAD_NONCE, { status: 400 });
    sighted(who.id);
    const bundle =
      nonce === undefined
        ? await director.current(who.id)
        : await director.withNonce(who.id, nonce);
    if (bundle === undefined) throw new Error(`bug: device ${who.id} is known and has no bundle`);
    return answer(bundle, tag);
  }
}

/**
 * Headers as Node parsed them. Asking the request for one builds a `Headers` of all of them, which
 * costs more than everything else here (`npm run bench -- assignment`).
 */
function headerReader(c: Context<NodeEnv>): ReadHeader {
  const parsed = nodeHeaders(c.env);
  return parsed === undefined ? (name) => c.req.header(name) : (name) => parsed[name];
}

/** None in `app.request()`, where no Node request stands behind. */
function nodeHeaders(env: HttpBindings | undefined): IncomingHttpHeaders | undefined {
  return env !== undefined && 'incoming' in env ? env.incoming.headers : undefined;
}

interface NodeEnv {
  readonly Bindings: HttpBindings;
}
type ReadHeader = (name: 'authorization' | 'if-none-match') => string | undefined;

const NONCE = /^[A-Za-z0-9_-]{8,64}$/;
const BAD_NONCE = {
  code: 'malformed_request',
  message: 'nonce: must be 8 to 64 of A-Z a-z 0-9 _ -',
};

function answer({ etag, bytes, ok, notModified }: ReadyBundle, tag: string | undefined): Response {
  // A proxy that compresses makes our strong tag a weak one; the word is the same.
  if (tag === etag || tag === `W/${etag}`) return new Response(null, notModified);
  return new Response(bytes, ok);
}
