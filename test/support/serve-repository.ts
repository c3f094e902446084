import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FetchFile } from '../../shared/trust/repository.ts';

/** A repository on loopback, as any TUF client would meet it. */
export interface ServedRepository {
  readonly url: string;
  /** The names that were asked for, in order. */
  readonly asked: string[];
  readonly close: () => Promise<void>;
}

/** Serves whatever `fetchFile` answers, 404 where it has nothing. */
export async function serveRepository(fetchFile: FetchFile): Promise<ServedRepository> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    asked.push(name);
    void fetchFile(name, Infinity).then((bytes) => {
      response.statusCode = bytes === undefined ? 404 : 200;
      response.end(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
