import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** One request as it came. */
export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** What the service answers. A body that is text goes out as it is. */
export interface ServiceAnswer {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A key service on loopback. */
export interface KeyService {
  readonly url: string;
  readonly requests: Recorded[];
  /** What it answers from now on. */
  answer: (request: Recorded) => ServiceAnswer;
  readonly close: () => Promise<void>;
}

/** Starts one. */
export async function startKeyService(): Promise<KeyService> {
  const server = createServer((request, response) => {
    void buffer(request).then((bytes) => {
      const recorded = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: bytes.length === 0 ? {} : (JSON.parse(bytes.toString()) as Record<string, unknown>),
      };
      service.requests.push(recorded);
      const { status = 200, body, headers = {} } = service.answer(recorded);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const service: KeyService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    answer: () => ({ status: 500, body: {} }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return service;
}
