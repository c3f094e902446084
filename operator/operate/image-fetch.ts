import type { FetchFile } from '../../shared/trust/repository.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { send, type Connection } from './connection.ts';
import { readBounded, TooLarge } from './read-bounded.ts';
import { ServerError } from './server-error.ts';

/** The server's image repository, to be verified by shared/trust: nothing here is trusted. */
export function imageFetch(connection: Connection): FetchFile {
  return filesBelow(connection, '/image');
}

/** The director's roots; its other files are one device's each. */
export function directorFetch(connection: Connection): FetchFile {
  return filesBelow(connection, '/director');
}

function filesBelow(connection: Connection, folder: string): FetchFile {
  return async (name, maxBytes) => {
    const response = await send(connection, { method: 'GET', path: `${folder}/${name}` });
    if (response.status === 404) return undefined;
    if (!response.ok) {
      const { status } = response;
      throw new ServerError(status, `http_${status}`, `${folder}/${name} answered ${status}`);
    }
    try {
      return await readBounded(response, maxBytes);
    } catch (cause) {
      if (!(cause instanceof TooLarge)) throw cause;
      throw new Refusal('metadata_too_large', `${name}: ${cause.message}`, { cause });
    }
  };
}
