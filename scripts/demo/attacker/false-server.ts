import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { bundleBytes, BundleSchema } from '../../../shared/protocol/bundle.ts';
import { ReportSchema, type Report } from '../../../shared/protocol/report.ts';
import { DsseSchema, unverifiedPayload } from '../../../shared/dsse.ts';
import { directorFiles } from '../../../server/director/director-files.ts';
import type { OnlineKeys } from '../../../server/keys/online-keys.ts';
import type { ForgedRelease } from './forge-release.ts';

/** A server in the hands of the attacker. */
export interface FalseServer {
  readonly http: string;
  /** What devices have answered it. */
  readonly reports: readonly Report[];
  readonly close: () => Promise<void>;
}

/** What the attacker has. */
export interface Loot {
  readonly keys: OnlineKeys;
  readonly forged: ForgedRelease;
  /** The real server; whatever needs no forging is fetched from there. */
  readonly real: string;
  readonly deviceId: string;
}

/** Stands between a device and its server and offers the forged release. */
export async function openFalseServer(loot: Loot): Promise<FalseServer> {
  const reports: Report[] = [];
  const server = createServer((request, response) => {
    answer(loot, reports, request, response).catch((error: unknown) => {
      response.writeHead(502).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  return { http: `http://127.0.0.1:${port}`, reports, close };
}

async function answer(
  loot: Loot,
  reports: Report[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? '/';
  const { forged } = loot;
  const file = forged.files.get(path.replace(/^\/image\//, ''));
  if (file !== undefined) response.end(file);
  else if (path.startsWith('/device/v1/assignment')) response.end(await assignment(loot, request));
  else if (path === '/device/v1/reports') response.end(await takeReports(reports, request));
  else if (path.endsWith(sha256Hex(forged.artifact))) response.end(forged.artifact);
  else await passOn(loot.real, request, response);
}

/** The word of the real director, one version on, about another release. */
async function assignment(
  { real, keys, forged, deviceId }: Loot,
  request: IncomingMessage,
): Promise<Uint8Array> {
  const { authorization = '' } = request.headers;
  const answered = await fetch(`${real}/device/v1/assignment`, { headers: { authorization } });
  const { files } = BundleSchema.parse(await answered.json());
  const { signed } = z
    .object({ signed: z.object({ version: z.number() }) })
    .parse(JSON.parse(files['timestamp.json'] ?? ''));
  const word = { deviceId, version: signed.version + 1, target: forged.target, now: new Date() };
  return bundleBytes(await directorFiles(word, keys.director));
}

const Message = z.object({ reports: z.array(z.unknown()) });

async function takeReports(reports: Report[], request: IncomingMessage): Promise<string> {
  const message = Message.parse(JSON.parse((await bodyOf(request)).toString('utf8')));
  for (const envelope of message.reports) {
    const payload = Buffer.from(unverifiedPayload(DsseSchema.parse(envelope)));
    reports.push(ReportSchema.parse(JSON.parse(payload.toString('utf8'))));
  }
  return JSON.stringify({ stored: Math.max(0, ...reports.map(({ number }) => number)) });
}

async function passOn(real: string, request: IncomingMessage, response: ServerResponse) {
  const { authorization = '' } = request.headers;
  const answered = await fetch(`${real}${request.url ?? '/'}`, { headers: { authorization } });
  response.writeHead(answered.status).end(Buffer.from(await answered.arrayBuffer()));
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
