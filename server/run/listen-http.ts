import { createAdaptorServer } from '@hono/node-server';
import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** Certificate and private key, in PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

export interface HttpDeps {
  readonly fetch: Parameters<typeof createAdaptorServer>[0]['fetch'];
  readonly host: string;
  readonly port: number;
  readonly tls: Tls | undefined;
}

/** The HTTP server while it listens. */
export interface HttpListener {
  readonly port: number;
  /** Takes no new request, lets those under way end for a moment, then cuts what is left. */
  readonly close: () => Promise<void>;
}

/** A device that trickles its headers is cut off; one that trickles a large upload gets its hour. */
const HEADERS_TIMEOUT = 30_000;
const REQUEST_TIMEOUT = 3_600_000;
/** Longer than the usual 60 s of proxies, so that they close first and never meet a closed socket. */
const KEEP_ALIVE_TIMEOUT = 65_000;
const GRACE = 5_000;

/** Listens for HTTP, or HTTPS where there is a certificate. */
export async function listenHttp({ fetch, host, port, tls }: HttpDeps): Promise<HttpListener> {
  const timeouts = {
    headersTimeout: HEADERS_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
  };
  const server = (
    tls === undefined
      ? createAdaptorServer({ fetch, createServer: createPlainServer, serverOptions: timeouts })
      : createAdaptorServer({
          fetch,
          createServer: createTlsServer,
          serverOptions: { ...timeouts, ...tls, minVersion: 'TLSv1.2' },
        })
  ) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP, so this is its form
    close: () => close(server),
  };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) =>
    server.close(() => {
      resolve();
    }),
  );
  server.closeIdleConnections();
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, GRACE);
  await closed;
  clearTimeout(cut);
}
