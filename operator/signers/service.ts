import * as z from 'zod/mini';
import { Failure } from '../failure.ts';
import { readBounded } from '../operate/read-bounded.ts';
import { concealing } from './conceal.ts';
import type { SignerWorld } from './remote-key.ts';

/** One request to a key service. */
export interface ServiceCall {
  /** For sentences: what the operator calls it. */
  readonly service: string;
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What must not come out in an error, whatever the service answers. */
  readonly secrets: readonly string[];
}

const TIMEOUT_MILLISECONDS = 30_000;
const MAX_ANSWER_BYTES = 262_144;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** The address of a service: TLS, or this machine, because tokens go there. */
export function serviceUrl(service: string, address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname));
  if (url !== undefined && isSafe) return url;
  throw new Failure('plaintext_refused', `${service} is asked over https only, not at ${address}`);
}

/** The answer by its schema, or a failure that says what the service said. */
export async function askService<T extends z.core.$ZodType>(
  call: ServiceCall,
  schema: T,
  world: SignerWorld,
): Promise<z.output<T>> {
  const { status, text } = await send(call, world);
  const value = parseJson(text);
  if (status >= 200 && status < 300) {
    const parsed = z.safeParse(schema, value);
    if (parsed.success) return parsed.data;
    throw new Failure('signer_unavailable', `${call.service} answered in a form we do not know`);
  }
  const said = concealing(reasonIn(value), call.secrets).slice(0, 400);
  throw new Failure(
    status >= 500 || status === 429 ? 'signer_unavailable' : 'signer_refused',
    `${call.service} answered ${status}${said === '' ? '' : `: ${said}`}`,
  );
}

async function send(
  { service, url, method, headers, body }: ServiceCall,
  { fetch, interrupted }: SignerWorld,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'error', // a redirect would carry the token to somebody else
      signal: AbortSignal.any([interrupted, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]),
      ...(body !== undefined && { body }),
    });
    const bytes = await readBounded(response, MAX_ANSWER_BYTES);
    return { status: response.status, text: Buffer.from(bytes).toString('utf8') };
  } catch (cause) {
    if (interrupted.aborted) throw new Failure('interrupted', 'interrupted', { cause });
    // fetch hides the reason ("ECONNREFUSED") in its cause.
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const why = reason instanceof Error ? reason.message || reason.name : String(reason);
    throw new Failure('signer_unavailable', `cannot reach ${service} at ${url.host}: ${why}`, {
      cause,
    });
  }
}

/** AWS, Google and Vault each say no in their own form. */
const Reason = z.union([
  z.pipe(
    z.looseObject({ error: z.looseObject({ message: z.string() }) }),
    z.transform(({ error }) => error.message),
  ),
  z.pipe(
    z.looseObject({ errors: z.array(z.string()) }),
    z.transform(({ errors }) => errors.join('; ')),
  ),
  z.pipe(
    z.looseObject({
      __type: z.string(),
      message: z.optional(z.string()),
      Message: z.optional(z.string()),
    }),
    z.transform(({ __type, message, Message }) => `${__type}: ${message ?? Message ?? ''}`),
  ),
]);

function reasonIn(value: unknown): string {
  const reason = z.safeParse(Reason, value);
  return reason.success ? reason.data : '';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema says the rest
  }
}
