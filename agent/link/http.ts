import {
  Agent as PlainAgent,
  request as requestPlain,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import type { Agent as TlsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { Refusal } from '../../shared/trust/refusal.ts';
import { isPrivate } from './plaintext.ts';
import { paceGuard, SlowRetrieval, type Pace } from './pace.ts';
import { Unreachable } from './unreachable.ts';

/** What to ask. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Ends the request when the agent is told to stop. */
  readonly signal?: AbortSignal;
  /** The answer must have begun by then: its status and headers, however slowly they trickle. */
  readonly headMs?: number;
}

/** An answer whose body is still on its way. Whoever has one reads it or destroys it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/** A client with one set of connections. */
export interface HttpClient {
  readonly ask: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly close: () => void;
}

/** How the client is made. */
export interface HttpClientOptions {
  readonly ca: Buffer | undefined;
  readonly allowPlaintext: boolean;
  /** Silence for this long, connecting or reading, ends a request. */
  readonly idleMs: number;
}

/**
 * `node:http`, not `fetch`: fetch in Node 20 can take no CA of ours, and buffers what we stream.
 * Everything that goes wrong on the way is {@link Unreachable}; statuses are for the caller.
 */
export function httpClient({ ca, allowPlaintext, idleMs }: HttpClientOptions): HttpClient {
  const keepAlive = { keepAlive: true, maxSockets: 4 };
  const plain = new PlainAgent(keepAlive);
  let tls: TlsAgent | undefined;
  const send = (asked: HttpRequest): ClientRequest => {
    const { method, url, headers = {}, body, signal } = asked;
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const options = {
      method,
      headers: { ...headers, ...length },
      ...(signal === undefined ? {} : { signal }),
    };
    if (url.protocol !== 'https:') return requestPlain(url, { ...options, agent: plain });
    const https = process.getBuiltinModule('node:https'); // a megabyte that plain lines do without
    tls ??= new https.Agent({ ...keepAlive, ...(ca === undefined ? {} : { ca }) });
    return https.request(url, { ...options, agent: tls });
  };
  const ask = (asked: HttpRequest): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const objection = objectionTo(asked.url, allowPlaintext);
      if (objection !== undefined) {
        reject(new Unreachable(objection));
        return;
      }
      const request = send(asked);
      let begun: IncomingMessage | undefined;
      request.setTimeout(idleMs, () => {
        const silent = `silent for ${idleMs} ms`;
        // An answer that begins and then stops is how slow retrieval looks when it is done well.
        if (begun !== undefined) begun.destroy(new SlowRetrieval(silent));
        else request.destroy(new Error(silent));
      });
      const headCame = endAfter(request, asked.headMs);
      request.on('response', (answer) => {
        begun = answer;
        headCame();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer });
      });
      request.on('error', (cause) => {
        reject(new Unreachable(`no answer from ${asked.url.origin}: ${cause.message}`, { cause }));
      });
      request.end(asked.body);
    });
  return {
    ask,
    close: () => {
      plain.destroy();
      tls?.destroy();
    },
  };
}

function objectionTo(url: URL, allowPlaintext: boolean): string | undefined {
  if (!allowPlaintext && !isPrivate(url)) return `${url.origin} is not TLS and not this machine`;
  return SPOKEN.has(url.protocol) ? undefined : `nobody here speaks ${url.protocol}`; // a redirect
}

const SPOKEN: ReadonlySet<string> = new Set(['http:', 'https:']);

/** Answers how to take the deadline back. */
function endAfter(request: ClientRequest, deadlineMs: number | undefined): () => void {
  if (deadlineMs === undefined) return () => undefined;
  const late = new Error(`no answer after ${deadlineMs} ms`);
  const timer = setTimeout(() => request.destroy(late), deadlineMs);
  const end = (): void => {
    clearTimeout(timer);
  };
  request.on('close', end);
  return end;
}

/** The whole body, or a refusal of more than `maxBytes`: whatever the length header said. Keeps the pace. */
export async function readWhole(
  { body }: HttpAnswer,
  maxBytes: number,
  pace: Pace,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const requirePace = paceGuard(pace);
  let length = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBytes) {
        throw new Refusal('metadata_too_large', `the answer is longer than ${maxBytes} bytes`);
      }
      requirePace(length);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof Refusal || cause instanceof SlowRetrieval) throw cause;
    throw new Unreachable('the answer broke off', { cause });
  }
  return Buffer.concat(chunks, length);
}

/** Throws away a body, so that the connection can be used again. */
export function discard({ body }: HttpAnswer): void {
  body.on('error', () => undefined); // nobody waits for it any more
  body.resume();
}
