import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { newSeed } from '../../shared/crypto/ed25519.ts';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { signerFromSeed, type Signer } from '../../shared/crypto/signer.ts';
import { SPEC_VERSION } from '../../shared/metadata/fields.ts';
import { signMetadata } from '../../shared/metadata/sign-metadata.ts';
import { auditHash, AUDIT_GENESIS, type AuditEntry } from '../../shared/protocol/audit.ts';

const EXPIRES = '2099-01-01T00:00:00Z';

/** A server that signs what an honest one signs, checks nothing, and can be made to lie. */
export interface FakeServer {
  readonly url: string;
  readonly token: string;
  readonly online: Readonly<Record<'snapshot' | 'timestamp' | 'director', Signer>>;
  /** Every file below `/image/`, by name: what a test changes, the author is shown. */
  readonly files: Map<string, Uint8Array>;
  readonly blobs: Map<string, Buffer>;
  /** `METHOD /path` of every request. */
  readonly requests: string[];
  /** Answers instead of the usual ones, by `METHOD /path`; `status: 0` lets the usual one pass. */
  readonly answers: Map<string, () => { status: number; body: unknown }>;
  readonly trail: AuditEntry[];
  /** Publishes roles as the newest: snapshot and timestamp follow. */
  readonly show: (roles: Readonly<Record<string, Uint8Array>>) => Promise<void>;
  /** Remembers everything as it is; the answer brings it back. */
  readonly remember: () => () => void;
  readonly close: () => Promise<void>;
}

/** Starts one on loopback. */
export async function startFakeServer(): Promise<FakeServer> {
  const fake = new Fake();
  const server = createServer((request, response) => {
    fake.handle(request, response).catch((error: unknown) => {
      respond(response, 500, { code: 'internal', message: String(error) });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  fake.close = () => closeServer(server);
  return fake;
}

class Fake implements FakeServer {
  url = '';
  close: () => Promise<void> = () => Promise.resolve();
  readonly token = 'slo_fake';
  readonly online = {
    snapshot: signerFromSeed(newSeed()),
    timestamp: signerFromSeed(newSeed()),
    director: signerFromSeed(newSeed()),
  };
  readonly files = new Map<string, Uint8Array>();
  readonly blobs = new Map<string, Buffer>();
  readonly requests: string[] = [];
  readonly answers = new Map<string, () => { status: number; body: unknown }>();
  readonly trail: AuditEntry[] = [];
  readonly #listed = new Map<string, number>();
  #version = 0;

  remember(): () => void {
    const [files, listed, blobs] = [this.files, this.#listed, this.blobs].map((map) => [...map]);
    const [version, trail] = [this.#version, [...this.trail]];
    return () => {
      refill(this.files, files as [string, Uint8Array][]);
      refill(this.#listed, listed as [string, number][]);
      refill(this.blobs, blobs as [string, Buffer][]);
      this.#version = version;
      this.trail.splice(0, Infinity, ...trail);
      this.requests.length = 0;
      this.answers.clear();
    };
  }

  async show(roles: Readonly<Record<string, Uint8Array>>): Promise<void> {
    for (const [role, bytes] of Object.entries(roles)) {
      const { version } = signedOf(bytes);
      this.#listed.set(`${role}.json`, version);
      this.files.set(`${version}.${role}.json`, bytes);
    }
    const version = (this.#version += 1);
    const meta = Object.fromEntries([...this.#listed].map(([name, v]) => [name, { version: v }]));
    const head = { spec_version: SPEC_VERSION, version, expires: EXPIRES };
    const snapshot = await signMetadata({ _type: 'snapshot', ...head, meta }, [
      this.online.snapshot,
    ]);
    const timestamp = await signMetadata(
      { _type: 'timestamp', ...head, meta: { 'snapshot.json': { version } } },
      [this.online.timestamp],
    );
    this.files.set(`${version}.snapshot.json`, snapshot);
    this.files.set('timestamp.json', timestamp);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', this.url);
    const route = `${request.method ?? ''} ${path}`;
    this.requests.push(route);
    const body = await buffer(request);
    const instead = this.answers.get(route)?.();
    if (instead !== undefined && instead.status !== 0) {
      respond(response, instead.status, instead.body);
    } else if (path.startsWith('/image/')) {
      const file = this.files.get(path.slice('/image/'.length));
      if (file === undefined) respond(response, 404, { code: 'not_found', message: 'no file' });
      else response.end(file);
    } else if (request.headers.authorization !== `Bearer ${this.token}`) {
      respond(response, 401, { code: 'unauthorized', message: 'this token is not known' });
    } else {
      const { status, value } = await this.#api(route, body, searchParams);
      respond(response, status, value);
    }
  }

  async #api(route: string, body: Buffer, query: URLSearchParams): Promise<Answer> {
    const blob = /^(GET|PUT) \/api\/v1\/blobs\/([0-9a-f]{64})$/.exec(route);
    if (blob?.[1] === 'PUT') return this.#storeBlob(blob[2] ?? '', body);
    if (blob !== null) return this.#findBlob(blob[2] ?? '');
    const answer: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
      'GET /api/v1/keys/online': () => ({ status: 200, value: this.#onlineKeys() }),
      'GET /api/v1/trust': () => {
        return { status: 200, value: { initialised: this.files.has('1.root.json') } };
      },
      'POST /api/v1/trust': () => this.#initialise(textsOf(body)),
      'POST /api/v1/products': () => this.#addProduct(textsOf(body)),
      'POST /api/v1/releases': () => this.#publish(textsOf(body)),
      'GET /api/v1/audit': () => ({ status: 200, value: { entries: this.#page(query) } }),
    };
    const missing = { status: 404, value: { code: 'not_found', message: `no ${route}` } };
    return answer[route]?.() ?? missing;
  }

  #onlineKeys(): unknown {
    const { snapshot, timestamp, director } = this.online;
    const key = director.publicKey;
    return {
      image: { snapshot: snapshot.publicKey, timestamp: timestamp.publicKey },
      director: { targets: key, snapshot: key, timestamp: key },
    };
  }

  async #initialise(texts: Texts): Promise<Answer> {
    this.files.set('1.root.json', bytesOf(texts['imageRoot']));
    await this.show({ targets: bytesOf(texts['imageTargets']) });
    return { status: 201, value: {} };
  }

  async #addProduct(texts: Texts): Promise<Answer> {
    const product = String(texts['product']);
    await this.show({
      targets: bytesOf(texts['imageTargets']),
      [product]: bytesOf(texts['role']),
    });
    return { status: 201, value: { product } };
  }

  async #publish(texts: Texts): Promise<Answer> {
    const bytes = bytesOf(texts['manifest']);
    const manifest = JSON.parse(bytes.toString()) as Record<string, unknown>;
    await this.show({ [String(manifest['product'])]: bytesOf(texts['role']) });
    const manifestSha256 = sha256Hex(bytes);
    const { product, version } = manifest;
    this.files.set(
      `targets/${String(product)}/${String(version)}/${manifestSha256}.manifest.json`,
      bytes,
    );
    const publishedAt = '2026-01-01T00:00:00Z';
    const state = 'published';
    return { status: 201, value: { ...manifest, manifestSha256, state, publishedAt } };
  }

  #storeBlob(sha256: string, body: Buffer): Answer {
    if (createHash('sha256').update(body).digest('hex') !== sha256) {
      return { status: 422, value: { code: 'blob_hash_mismatch', message: 'other bytes' } };
    }
    this.blobs.set(sha256, body);
    return { status: 201, value: { sha256, length: body.length } };
  }

  #findBlob(sha256: string): Answer {
    const blob = this.blobs.get(sha256);
    if (blob === undefined) return { status: 404, value: { code: 'not_found', message: 'none' } };
    return { status: 200, value: { sha256, length: blob.length } };
  }

  #page(query: URLSearchParams): readonly AuditEntry[] {
    const after = Number(query.get('after'));
    const left = this.trail.filter(({ sequence }) => sequence > after);
    return left.slice(0, Number(query.get('limit')));
  }
}

interface Answer {
  readonly status: number;
  readonly value: unknown;
}
type Texts = Readonly<Record<string, unknown>>;

/** A whole chain of so many entries. */
export function auditChain(length: number, actor = 'author'): readonly AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let sequence = 1; sequence <= length; sequence += 1) {
    const entry = {
      sequence,
      at: '2026-01-01T00:00:00.000Z',
      actor,
      action: 'release.published',
      subject: `gateway ${sequence}`,
      before: null,
      after: null,
      previousHash: entries.at(-1)?.hash ?? AUDIT_GENESIS,
    };
    entries.push({ ...entry, hash: auditHash(entry) });
  }
  return entries;
}

/** What a metadata file says, unchecked. */
export function signedOf(bytes: Uint8Array): Record<string, unknown> & { version: number } {
  const file = JSON.parse(Buffer.from(bytes).toString()) as {
    signed: Record<string, unknown> & { version: number };
  };
  return file.signed;
}

function respond(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function refill<T>(map: Map<string, T>, entries: readonly (readonly [string, T])[]): void {
  map.clear();
  for (const [name, value] of entries) map.set(name, value);
}

function textsOf(body: Buffer): Texts {
  return JSON.parse(body.toString()) as Texts;
}

function bytesOf(text: unknown): Buffer {
  return Buffer.from(String(text), 'utf8');
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
