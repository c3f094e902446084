import { LIMITS } from '../../shared/metadata/limits.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import { Acknowledgement } from '../../shared/protocol/report.ts';
import type { FetchFile } from '../../shared/trust/repository.ts';
import { discard, readWhole, type HttpAnswer, type HttpClient, type HttpRequest } from './http.ts';
import { Unreachable } from './unreachable.ts';

/** What the agent asks of its server over HTTP. */
export interface Server {
  /** The bundle, or undefined when it is the one that `etag` names. */
  readonly assignment: (etag: string | undefined) => Promise<Assignment | undefined>;
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
  readonly signal: AbortSignal;
  /** A small answer that takes longer than this will not come. */
  readonly answerMs: number;
}

const ANSWER_BYTES = 64 * 1_024;
const REDIRECTS = 3;
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

/** The device side of the HTTP interface (DESIGN §4). */
export function serverOverHttp(deps: ServerDeps): Server {
  return {
    assignment: (etag) => askAssignment(deps, etag),
    report: (message) => sendReports(deps, message),
    enrol: (envelope) => enrol(deps, envelope),
    fetchImage: (name, maxBytes) => fetchImage(deps, name, maxBytes),
    fetchBlob: async (sha256, maxBytes) => {
      const answer = await openBlob(deps, sha256, {}, deps.answerMs);
      if (answer.status !== 200) throw unexpected(answer, 'a blob');
      return readWhole(answer, maxBytes);
    },
    openBlob: (sha256, headers) => openBlob(deps, sha256, headers, undefined),
  };
}

async function askAssignment(
  deps: ServerDeps,
  etag: string | undefined,
): Promise<Assignment | undefined> {
  const known = etag === undefined ? {} : { 'if-none-match': etag };
  const answer = await ask(deps, 'device/v1/assignment', { headers: known });
  if (answer.status === 304) {
    discard(answer);
    return undefined;
  }
  if (answer.status !== 200) throw unexpected(answer, 'the assignment');
  return { bytes: await readWhole(answer, LIMITS.bundleBytes), etag: answer.headers.etag };
}

async function sendReports(deps: ServerDeps, body: Uint8Array): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const answer = await ask(deps, 'device/v1/reports', { method: 'POST', headers, body });
  if (answer.status !== 200) throw unexpected(answer, 'reports');
  const acknowledgement = Acknowledgement.safeParse(jsonOf(await readWhole(answer, ANSWER_BYTES)));
  if (!acknowledgement.success) throw new Unreachable('the server acknowledged nothing readable');
  return acknowledgement.data.stored;
}

async function enrol(deps: ServerDeps, body: Uint8Array): Promise<EnrolmentReply> {
  const headers = { 'content-type': MEDIA_TYPES.enrolment };
  const url = new URL('device/v1/enroll', deps.base);
  const answer = await deps.http.ask({ method: 'POST', url, headers, body, ...bounds(deps) });
  if (isBusy(answer.status)) throw unexpected(answer, 'enrolment');
  return { status: answer.status, body: await readWhole(answer, ANSWER_BYTES) };
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
  return readWhole(answer, maxBytes);
}

/** Blobs may live elsewhere: redirects are followed, but our token is for our server alone. */
async function openBlob(
  deps: ServerDeps,
  sha256: string,
  headers: Readonly<Record<string, string>>,
  deadlineMs: number | undefined,
): Promise<HttpAnswer> {
  let url = new URL(`blobs/sha256/${sha256}`, deps.base);
  const token = { authorization: `Bearer ${await deps.token()}` };
  for (let followed = 0; followed <= REDIRECTS; followed += 1) {
    const own = url.origin === deps.base.origin ? token : {};
    const answer = await deps.http.ask({
      method: 'GET',
      url,
      headers: { ...headers, ...own },
      signal: deps.signal,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    });
    const { location } = answer.headers;
    if (!REDIRECT_STATUSES.has(answer.status) || location === undefined) return answer;
    discard(answer);
    url = new URL(location, url);
  }
  throw new Unreachable(`blob ${sha256} is behind more than ${REDIRECTS} redirects`);
}

async function ask(
  deps: ServerDeps,
  path: string,
  request: Partial<Pick<HttpRequest, 'method' | 'headers' | 'body'>>,
): Promise<HttpAnswer> {
  const { method = 'GET', headers = {}, body } = request;
  const answer = await deps.http.ask({
    method,
    url: new URL(path, deps.base),
    headers: { ...headers, authorization: `Bearer ${await deps.token()}` },
    ...bounds(deps),
    ...(body === undefined ? {} : { body }),
  });
  return answer;
}

/** Until we are stopped, but never longer than a small answer may take. */
function bounds({ signal, answerMs }: ServerDeps): Pick<HttpRequest, 'signal' | 'deadlineMs'> {
  return { signal, deadlineMs: answerMs };
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

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // the schema behind it says what is wrong
  }
}
