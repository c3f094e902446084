import { get } from 'node:http';
import type { Ailment } from './ailment.ts';

/** Healthy is any 2xx; the body does not matter and is not read. */
export function askHttp(url: string, timeoutMs: number): Promise<Ailment> {
  return new Promise((resolve) => {
    const ask = url.startsWith('https:') ? process.getBuiltinModule('node:https').get : get;
    const request = ask(url, { agent: false }, (answer) => {
      const { statusCode = 0 } = answer;
      clearTimeout(timer);
      answer.destroy();
      resolve(statusCode >= 200 && statusCode < 300 ? undefined : `${url} answered ${statusCode}`);
    });
    const late = new Error(`no answer within ${timeoutMs} ms`);
    const timer = setTimeout(() => request.destroy(late), timeoutMs);
    request.on('error', ({ message }) => {
      clearTimeout(timer);
      resolve(`${url}: ${message}`);
    });
  });
}
