import { cp } from 'node:fs/promises';
import { startFakeServer, type FakeServer } from './fake-server.ts';
import { newHome, operatorAt, type Operator } from './operator.ts';

/** A server and an author with the product `gateway`, made once: deriving keys is slow on purpose. */
export interface Prepared {
  readonly server: FakeServer;
  /** The server as it was, and an author with a workspace of their own. */
  readonly again: () => Promise<Operator>;
}

/** Makes them. */
export async function prepareGateway(): Promise<Prepared> {
  const server = await startFakeServer();
  const first = operatorAt(await newHome());
  await first.json('keys', 'init', '--server', server.url, '--token', server.token, '--single');
  await first.json('product', 'add', 'gateway', '--hardware', 'rpi3', 'rpi4');
  const restore = server.remember();
  return {
    server,
    again: async () => {
      restore();
      const home = await newHome();
      await cp(first.home, home, { recursive: true });
      return operatorAt(home);
    },
  };
}
