import { createHash, createHmac } from 'node:crypto';

// AWS Signature Version 4, for the one kind of request that KMS takes: POST to `/` without a query.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

/** Who asks. A session token comes with credentials that expire. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** What is asked, where. */
export interface AwsRequest {
  readonly host: string;
  readonly region: string;
  readonly service: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The headers to send: the given ones, date, session token and `authorization`. */
export function signedHeaders(
  request: AwsRequest,
  credentials: AwsCredentials,
  now: Date,
): Readonly<Record<string, string>> {
  const { region, service, body } = request;
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [time.slice(0, 8), region, service, 'aws4_request'];
  const headers = headersToSign(request, credentials.sessionToken, time);
  const names = headers.map(([name]) => name).join(';');
  const lines = headers.map(([name, value]) => `${name}:${value}\n`).join('');
  const canonicalRequest = ['POST', '/', '', lines, names, sha256(body)].join('\n');
  const toSign = [ALGORITHM, time, scope.join('/'), sha256(canonicalRequest)].join('\n');
  const signature = hmac(signingKey(credentials.secretAccessKey, scope), toSign).toString('hex');
  const credential = `${credentials.accessKeyId}/${scope.join('/')}`;
  return {
    ...Object.fromEntries(headers.filter(([name]) => name !== 'host')), // fetch sets it
    authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

/** Lower case, sorted by name, each value with single spaces. */
function headersToSign(
  { host, headers }: AwsRequest,
  sessionToken: string | undefined,
  time: string,
): readonly (readonly [string, string])[] {
  const all = {
    ...headers,
    host,
    'x-amz-date': time,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  return Object.entries(all)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/ +/g, ' ')] as const)
    .sort(([left], [right]) => (left < right ? -1 : 1));
}

/** The secret, narrowed step by step to one day, region and service. */
function signingKey(secretAccessKey: string, scope: readonly string[]): Uint8Array {
  const start: Uint8Array = Buffer.from(`AWS4${secretAccessKey}`, 'utf8');
  return scope.reduce((key, part) => hmac(key, part), start);
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
