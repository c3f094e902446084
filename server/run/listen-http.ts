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
  /** Others than {@link HTTP_LIMITS}, for tests that cannot wait so long. */
  readonly limits?: HttpLimits;
}

/** What nobody gets more of, known or not (A26). */
export interface HttpLimits {
  /** Connections at once; one more is closed. */
  readonly connections: number;
  /** Milliseconds for all headers of a request, and for a TLS handshake. */
  readonly headersMs: number;
  /** Milliseconds in which a connection may neither send nor take a byte. */
  readonly idleMs: number;
}

/** As on the broker, a device polls and goes; who trickles is cut off, who is silent sooner. */
export const HTTP_LIMITS: HttpLimits = {
  connections: 20_000,
  headersMs: 30_000,
  idleMs: 120_000,
};

/** The HTTP server while it listens. */
export interface HttpListener {
  readonly port: number;
  /** Takes no new request, lets those under way end for a moment, then cuts what is left. */
  readonly close: () => Promise<void>;
}

/** An author who trickles a large upload gets his hour. */
const REQUEST_TIMEOUT = 3_600_000;
/** Longer than the usual 60 s of proxies, so that they close first and never meet a closed socket. */
const KEEP_ALIVE_TIMEOUT = 65_000;
const GRACE = 5_000;

/** Listens for HTTP, or HTTPS where there is a certificate. */
export async function listenHttp({
  fetch,
  host,
  port,
  tls,
  limits = HTTP_LIMITS,
}: HttpDeps): Promise<HttpListener> {
  const timeouts = {
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: limits.headersMs / 2,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
  };
  const server = (
    tls === undefined
      ? createAdaptorServer({ fetch, createServer: createPlainServer, serverOptions: timeouts })
      : createAdaptorServer({
          fetch,
          createServer: createTlsServer,
          serverOptions: {
            ...timeouts,
            ...tls,
            minVersion: 'TLSv1.2',
            handshakeTimeout: limits.headersMs,
          },
        })
  ) as Server;
  server.maxConnections = limits.connections;
  server.timeout = limits.idleMs;
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
