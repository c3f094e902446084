import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { DsseSchema, isDsseSignedBy, unverifiedPayload } from '../../shared/dsse.ts';
import { ed25519Key, type PublicKey } from '../../shared/crypto/public-key.ts';
import { bundleBytes } from '../../shared/protocol/bundle.ts';
import { EnrolmentSchema, type Enrolment } from '../../shared/protocol/enrolment.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import { ReportSchema, type Report } from '../../shared/protocol/report.ts';
import type { Simulator } from './repository-simulator.ts';
import { simulateUptane, type UptaneSimulator } from './uptane-simulator.ts';

/** Answers a request instead of the server; false when the server shall answer after all. */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * The device side of a server, on loopback, over simulated repositories: honest unless a test says
 * otherwise. It checks and counts what a device sends as the real one does.
 */
export interface DeviceServer {
  readonly fleet: UptaneSimulator;
  readonly url: string;
  readonly blobs: Map<string, Buffer>;
  /** Reports in the order of their numbers: signed by the enrolled key, without gaps. */
  readonly reports: Report[];
  readonly requests: string[];
  readonly enrolments: Enrolment[];
  enrolmentState: 'accepted' | 'pending';
  intercept: Intercept;
  readonly stop: () => Promise<void>;
}

/** Repositories whose files expire far in the future, for tests that run by the real clock. */
export async function longLivedFleet(): Promise<UptaneSimulator> {
  const fleet = await simulateUptane();
  for (const sim of [fleet.image, fleet.director]) {
    const files = [sim.timestamp, sim.snapshot, sim.targets, ...sim.delegated.values()];
    for (const file of files) file.expires = '2099-01-01T00:00:00Z';
    sim.root.expires = '2099-01-01T00:00:00Z';
    sim.roots.length = 0;
    sim.root.version = 0;
    await sim.publishRoot();
  }
  return fleet;
}

/** Starts a server for the device `gw-1`. */
export async function startDeviceServer(fleet?: UptaneSimulator): Promise<DeviceServer> {
  const http = createServer((request, response) => {
    void answer(server, request, response).catch((cause: unknown) => {
      response.destroy(cause instanceof Error ? cause : undefined);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const server: DeviceServer = {
    fleet: fleet ?? (await longLivedFleet()),
    url: `http://127.0.0.1:${port}`,
    blobs: new Map(),
    reports: [],
    requests: [],
    enrolments: [],
    enrolmentState: 'accepted',
    intercept: () => false,
    stop: () =>
      new Promise((resolve) => {
        http.close(() => {
          resolve();
        });
        http.closeAllConnections();
      }),
  };
  return server;
}

async function answer(
  server: DeviceServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', server.url);
  server.requests.push(`${request.method ?? ''} ${pathname}`);
  if (server.intercept(request, response)) return;
  if (pathname === '/device/v1/enroll') await enrol(server, request, response);
  else if (pathname === '/device/v1/assignment') await assign(server, request, response);
  else if (pathname === '/device/v1/reports') await store(server, request, response);
  else if (pathname.startsWith('/image/')) await image(server, pathname.slice(7), response);
  else if (pathname.startsWith('/blobs/sha256/')) {
    sendBlob(server.blobs.get(pathname.slice(14)), request, response);
  } else response.writeHead(404).end();
}

async function enrol(
  server: DeviceServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const envelope = DsseSchema.parse(JSON.parse((await buffer(request)).toString()));
  const payload = JSON.parse(Buffer.from(unverifiedPayload(envelope)).toString()) as unknown;
  const enrolment = EnrolmentSchema.parse(payload);
  const key = ed25519Key(enrolment.publicKey);
  if (!isDsseSignedBy(envelope, MEDIA_TYPES.enrolment, [key], 1)) {
    json(response, 401, { code: 'unauthorized', message: 'not signed by its key' });
    return;
  }
  server.enrolments.push(enrolment);
  json(response, 200, { state: server.enrolmentState });
}

async function assign(
  { fleet: { director } }: DeviceServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const nonce = new URL(request.url ?? '', 'http://server').searchParams.get('nonce');
  if (nonce !== null) {
    director.targets['custom'] = { ...(director.targets['custom'] as object), nonce };
    director.publish();
  }
  const bytes = await currentBundle(director);
  const etag = `"${sha256Hex(bytes)}"`;
  if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
  else response.writeHead(200, { etag, 'content-length': bytes.length }).end(bytes);
}

/** What the director says to the device now. */
export async function currentBundle(director: Simulator): Promise<Uint8Array> {
  const names = [
    'timestamp.json',
    `${director.snapshot.version}.snapshot.json`,
    `${director.targets.version}.targets.json`,
    ...director.roots.slice(1).map((_, index) => `${index + 2}.root.json`),
  ];
  const files = new Map<string, Uint8Array>();
  for (const name of names) {
    const bytes = await director.fetch(name, Infinity);
    if (bytes !== undefined) files.set(name, bytes);
  }
  return bundleBytes(files);
}

async function store(
  server: DeviceServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = (await buffer(request)).toString();
  const stored = storeReports(server, body);
  if (stored === undefined) json(response, 422, { code: 'report_refused', message: 'not signed' });
  else json(response, 200, { stored });
}

/** Stores what is new, in order; undefined when a signature is wrong. */
export function storeReports(
  { enrolments, reports }: DeviceServer,
  body: string,
): number | undefined {
  const keys: PublicKey[] = enrolments.map(({ publicKey }) => ed25519Key(publicKey));
  const envelopes = (JSON.parse(body) as { reports: unknown[] }).reports;
  for (const unparsed of envelopes) {
    const envelope = DsseSchema.parse(unparsed);
    if (!isDsseSignedBy(envelope, MEDIA_TYPES.report, keys, 1)) return undefined;
    const text = Buffer.from(unverifiedPayload(envelope)).toString();
    const report = ReportSchema.parse(JSON.parse(text));
    if (report.number === reports.length + 1) reports.push(report);
  }
  return reports.length;
}

async function image(
  { fleet }: DeviceServer,
  name: string,
  response: ServerResponse,
): Promise<void> {
  const bytes = await fleet.image.fetch(name, Infinity);
  if (bytes === undefined) response.writeHead(404).end();
  else response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
}

/** A blob or a part of it, as RFC 9110 asks for. */
export function sendBlob(
  bytes: Buffer | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (bytes === undefined) {
    response.writeHead(404).end();
    return;
  }
  const etag = `"${sha256Hex(bytes)}"`;
  const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const isSame = (request.headers['if-range'] ?? etag) === etag;
  if (asked === undefined || !isSame) {
    response.writeHead(200, { etag, 'content-length': bytes.length }).end(bytes);
    return;
  }
  const from = Number(asked);
  const part = bytes.subarray(from);
  const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  const headers = { etag, 'content-length': part.length, 'content-range': range };
  response.writeHead(206, headers).end(part);
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
