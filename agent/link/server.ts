import { LIMITS } from '../../shared/metadata/limits.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import { Acknowledgement } from '../../shared/protocol/report.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import type { FetchFile } from '../../shared/trust/repository.ts';
import { discard, readWhole, type HttpAnswer, type HttpClient, type HttpRequest } from './http.ts';
import type { Pace } from './pace.ts';
import { Unreachable } from './unreachable.ts';
import { jsonIn } from '../read-json.ts';

/** What the agent asks of its server over HTTP. */
export interface Server {
  /** The bundle, or undefined when it is the one that `etag` names. A nonce makes it a fresh one. */
  readonly assignment: (
    etag: string | undefined,
    nonce?: string,
  ) => Promise<Assignment | undefined>;
  /** Answers the highest number that the server has stored. */
  readonly report: (message: Uint8Array) => Promise<number>;
  readonly enrol: (envelope: Uint8Array) => Promise<EnrolmentReply>;
  readonly fetchImage: FetchFile;
  /** The whole of a small blob. */
  readonly fetchBlob: (sha256: string, maxBytes: number) => Promise<Uint8Array>;
  /** A blob as it comes, for whoever streams it. */
  readonly openBlob: (sha256: string, headers: Record<string, string>) => Promise<HttpAnswer>;
}

/** A bundle and the tag by which the server knows it again. */
export interface Assignment {
  readonly bytes: Uint8Array;
  readonly etag: string | undefined;
}

/** What the server said to an enrolment: a status, and its words. */
export interface EnrolmentReply {
  readonly status: number;
  readonly body: Buffer;
}

/** What a server needs. */
export interface ServerDeps {
  readonly base: URL;
  readonly http: HttpClient;
  readonly token: () => Promise<string>;
  /** Our token was refused at this time of theirs. Answers whether another one is worth a try. */
  readonly tokenRefused: (serverDate: Date | undefined) => Promise<boolean>;
  readonly signal: AbortSignal;
  /** An answer that has not begun after this long will not come. */
  readonly answerMs: number;
  /** At which an answer must come once it has begun. */
  readonly pace: Pace;
}

const ANSWER_BYTES = 64 * 1_024;
const REDIRECTS = 3;
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

/** The device side of the HTTP interface (DESIGN §4). */
export function serverOverHttp(deps: ServerDeps): Server {
  return {
    assignment: (etag, nonce) => askAssignment(deps, etag, nonce),
    report: (message) => sendReports(deps, message),
    enrol: (envelope) => enrol(deps, envelope),
    fetchImage: (name, maxBytes) => fetchImage(deps, name, maxBytes),
    fetchBlob: async (sha256, maxBytes) => {
      const answer = await openBlob(deps, sha256, {});
      if (answer.status !== 200) throw unexpected(answer, 'a blob');
      return readWhole(answer, maxBytes, deps.pace);
    },
    openBlob: (sha256, headers) => openBlob(deps, sha256, headers),
  };
}

async function askAssignment(
  deps: ServerDeps,
  etag: string | undefined,
  nonce: string | undefined,
): Promise<Assignment | undefined> {
  const known = etag === undefined ? {} : { 'if-none-match': etag };
  const query = nonce === undefined ? '' : `?nonce=${nonce}`;
  const answer = await ask(deps, `device/v1/assignment${query}`, { headers: known });
  if (answer.status === 304 && etag !== undefined) {
    discard(answer);
    return undefined;
  }
  if (answer.status !== 200) throw unexpected(answer, 'the assignment');
  const bytes = await readWhole(answer, LIMITS.bundleBytes, deps.pace);
  return { bytes, etag: answer.headers.etag };
}

async function sendReports(deps: ServerDeps, body: Uint8Array): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const answer = await ask(deps, 'device/v1/reports', { method: 'POST', headers, body });
  if (answer.status !== 200) throw unexpected(answer, 'reports');
  const acknowledgement = Acknowledgement.safeParse(jsonIn(await readSmall(answer, deps)));
  if (!acknowledgement.success) throw new Unreachable('the server acknowledged nothing readable');
  return acknowledgement.data.stored;
}

async function enrol(deps: ServerDeps, body: Uint8Array): Promise<EnrolmentReply> {
  const headers = { 'content-type': MEDIA_TYPES.enrolment };
  const url = new URL('device/v1/enroll', deps.base);
  const answer = await deps.http.ask({ method: 'POST', url, headers, body, ...bounds(deps) });
  if (isBusy(answer.status)) throw unexpected(answer, 'enrolment');
  return { status: answer.status, body: await readSmall(answer, deps) };
}

async function fetchImage(
  deps: ServerDeps,
  name: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const answer = await ask(deps, `image/${name}`, {});
  if (answer.status === 404) {
    discard(answer);
    return undefined;
  }
  if (answer.status !== 200) throw unexpected(answer, name);
  return readWhole(answer, maxBytes, deps.pace);
}

/** Blobs may live elsewhere: redirects are followed, but our token is for our server alone. */
async function openBlob(
  deps: ServerDeps,
  sha256: string,
  headers: Readonly<Record<string, string>>,
): Promise<HttpAnswer> {
  let url = new URL(`blobs/sha256/${sha256}`, deps.base);
  for (let followed = 0; followed <= REDIRECTS; followed += 1) {
    const answer =
      url.origin === deps.base.origin
        ? await ask(deps, url, { headers })
        : await deps.http.ask({ method: 'GET', url, headers, ...bounds(deps) });
    const { location } = answer.headers;
    if (!REDIRECT_STATUSES.has(answer.status) || location === undefined) return answer;
    discard(answer);
    if (!URL.canParse(location, url.href))
      throw new Unreachable(`blob ${sha256} is redirected nowhere`);
    url = new URL(location, url);
  }
  throw new Unreachable(`blob ${sha256} is behind more than ${REDIRECTS} redirects`);
}

type Wish = Partial<Pick<HttpRequest, 'method' | 'headers' | 'body'>>;

/** With our token; with another one, once, when the server thinks that it is of another time. */
async function ask(deps: ServerDeps, path: string | URL, wish: Wish): Promise<HttpAnswer> {
  const answer = await askOnce(deps, path, wish);
  if (answer.status !== 401) return answer;
  const { date } = answer.headers;
  const isWorthIt = await deps.tokenRefused(date === undefined ? undefined : new Date(date));
  if (!isWorthIt) return answer;
  discard(answer);
  return askOnce(deps, path, wish);
}

async function askOnce(deps: ServerDeps, path: string | URL, wish: Wish): Promise<HttpAnswer> {
  const { method = 'GET', headers = {}, body } = wish;
  return deps.http.ask({
    method,
    url: new URL(path, deps.base),
    headers: { ...headers, authorization: `Bearer ${await deps.token()}` },
    ...bounds(deps),
    ...(body === undefined ? {} : { body }),
  });
}

/** Until we are stopped, and never waiting for ever; once it has begun, the pace is the reader's. */
function bounds({ signal, answerMs }: ServerDeps): Pick<HttpRequest, 'signal' | 'headMs'> {
  return { signal, headMs: answerMs };
}

/** An answer of which nothing is kept: one that is too long is no answer. */
async function readSmall(answer: HttpAnswer, { pace }: ServerDeps): Promise<Buffer> {
  try {
    return await readWhole(answer, ANSWER_BYTES, pace);
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    throw new Unreachable(cause.message, { cause });
  }
}

/** A status that is no answer to what was asked. The caller tries again later. */
function unexpected(answer: HttpAnswer, what: string): Unreachable {
  discard(answer);
  return new Unreachable(`the server answered ${answer.status} for ${what}`);
}

/** 429 and 5xx: not now. */
function isBusy(status: number): boolean {
  return status === 429 || status >= 500;
}
