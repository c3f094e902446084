import { createHash } from 'node:crypto';
import { Failure } from '../failure.ts';
import { send, type Connection } from './connection.ts';
import { ServerError } from './server-error.ts';

/** The bytes of a blob as they come; it ends with a failure unless they hash to what was asked for. */
export async function* openBlob(connection: Connection, sha256: string): AsyncIterable<Uint8Array> {
  const path = `/blobs/sha256/${sha256}`;
  const response = await send(connection, { method: 'GET', path, isUpload: true });
  if (!response.ok || response.body === null) {
    throw new ServerError(response.status, `http_${response.status}`, `no answer for ${path}`);
  }
  const hash = createHash('sha256');
  // Node's streams iterate; the types of fetch do not say so.
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    yield chunk;
  }
  const found = hash.digest('hex');
  if (found !== sha256) throw new Failure('blob_wrong', `${path} hashes to ${found}`);
}
