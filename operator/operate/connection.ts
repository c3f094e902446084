import * as z from 'zod/mini';
import { Failure } from '../failure.ts';
import { readBounded } from './read-bounded.ts';
import { ServerError } from './server-error.ts';

/** How to reach one server: every request goes through here. */
export interface Connection {
  readonly server: string;
  readonly token: string;
  readonly fetch: typeof fetch;
  readonly interrupted: AbortSignal;
}

/** One request. `path` is below the address of the server, already encoded. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: RequestInit['body'];
  readonly headers?: Readonly<Record<string, string>>;
  /** Uploads take as long as they take; everything else must answer in time. */
  readonly isUpload?: boolean;
}

const ANSWER_TIMEOUT_MILLISECONDS = 30_000;
const MAX_ANSWER_BYTES = 16 * 1_024 * 1_024;

const ErrorAnswer = z.looseObject({
  code: z.string().check(z.maxLength(100)),
  message: z.string(),
  refusal: z.optional(z.string()),
  detail: z.optional(z.string()),
  issues: z.optional(z.array(z.unknown())),
});

/** The response to a request, whatever its status; fails only when there is none. */
export async function send(connection: Connection, request: Request): Promise<Response> {
  const { server, token, interrupted } = connection;
  const { method, path, body, headers, isUpload = false } = request;
  const timeout = isUpload ? [] : [AbortSignal.timeout(ANSWER_TIMEOUT_MILLISECONDS)];
  try {
    return await connection.fetch(`${server}${path}`, {
      method,
      headers: { ...headers, authorization: `Bearer ${token}` },
      redirect: 'error', // a redirect would carry the token to somebody else
      signal: AbortSignal.any([interrupted, ...timeout]),
      ...(body !== undefined && { body, duplex: 'half' as const }),
    });
  } catch (cause) {
    if (interrupted.aborted) throw new Failure('interrupted', 'interrupted', { cause });
    throw new Failure('server_unreachable', `cannot reach ${server}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

/** The answer of the API by its schema. Throws {@link ServerError} when the server says no. */
export async function ask<T extends z.core.$ZodType>(
  connection: Connection,
  request: Request,
  schema: T,
): Promise<z.output<T>> {
  const response = await send(connection, request);
  const { status, ok } = response;
  const value = await readJson(connection, response);
  if (!ok) throw errorOf(status, value);
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.map(String).join('.') ?? '';
  throw malformed(connection, `${request.path} at ${at}: ${issue?.message ?? 'invalid'}`);
}

/** A JSON body for {@link Request}. */
export function jsonBody(value: unknown): Pick<Request, 'body' | 'headers'> {
  return { body: JSON.stringify(value), headers: { 'content-type': 'application/json' } };
}

function errorOf(status: number, value: unknown): ServerError {
  const answer = ErrorAnswer.safeParse(value);
  if (!answer.success) return new ServerError(status, `http_${status}`, `HTTP status ${status}`);
  const { code, message, refusal, detail, issues = [] } = answer.data;
  const more = [refusal, detail].filter((part) => part !== undefined && !message.includes(part));
  const fields = issues.length === 0 ? [] : [JSON.stringify(issues.slice(0, 3))];
  return new ServerError(status, code, [message, ...more, ...fields].join(': '));
}

async function readJson(connection: Connection, response: Response): Promise<unknown> {
  const bytes = await readAnswer(connection, response);
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    if (!response.ok) return undefined; // errorOf speaks by the status
    throw malformed(connection, `${response.url} did not answer in JSON`);
  }
}

async function readAnswer(connection: Connection, response: Response): Promise<Uint8Array> {
  try {
    return await readBounded(response, MAX_ANSWER_BYTES);
  } catch (cause) {
    if (connection.interrupted.aborted) throw new Failure('interrupted', 'interrupted', { cause });
    throw malformed(connection, reasonOf(cause));
  }
}

function malformed({ server }: Connection, why: string): Failure {
  return new Failure('server_answer_malformed', `${server} answered something else: ${why}`);
}

/** fetch hides the reason ("ECONNREFUSED") in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error)
    return cause.message === '' ? reasonOf(firstOf(cause)) : cause.message;
  return error.message;
}

function firstOf(error: Error): unknown {
  return error instanceof AggregateError ? error.errors[0] : error.name;
}
