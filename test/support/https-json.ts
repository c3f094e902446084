import { request } from 'node:https';

/** One request over TLS that trusts exactly one certificate. */
export interface HttpsRequest {
  readonly url: string;
  readonly ca: string;
  readonly method?: string;
  readonly token?: string;
  readonly body?: string | Uint8Array;
}

/** The status and the JSON of an answer. */
export function httpsJson({ url, ca, method = 'GET', token, body }: HttpsRequest): Promise<{
  readonly status: number | undefined;
  readonly json: unknown;
}> {
  return new Promise((resolve, reject) => {
    const headers = {
      'Content-Type': 'application/json',
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    };
    const asked = request(url, { method, ca, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: answer.statusCode, json: JSON.parse(text) as unknown });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
