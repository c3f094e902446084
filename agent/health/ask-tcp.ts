import { connect } from 'node:net';
import type { Ailment } from './ailment.ts';

/** Healthy when somebody accepts a connection; nothing is said over it. */
export function askTcp(host: string, port: number, timeoutMs: number): Promise<Ailment> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (ailment: Ailment): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(ailment);
    };
    const timer = setTimeout(() => {
      end(`${host}:${port}: no connection within ${timeoutMs} ms`);
    }, timeoutMs);
    socket.on('connect', () => {
      end(undefined);
    });
    socket.on('error', ({ message }) => {
      end(`${host}:${port}: ${message}`);
    });
  });
}
