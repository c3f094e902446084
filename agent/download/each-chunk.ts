import { finished, type Readable } from 'node:stream';

/**
 * Hands over a body, chunk by chunk, and waits where `take` has to. Ends when the body does; whatever
 * goes wrong with either is thrown, and ends the body. Half the work of asking a stream for each
 * chunk (`for await`), which shows where a file has sixteen thousand of them.
 */
export function eachChunk(
  body: Readable,
  take: (chunk: Buffer) => Promise<void> | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      reject(cause instanceof Error ? cause : new Error(String(cause)));
      body.destroy();
    };
    finished(body, { writable: false }, (cause) => {
      if (cause) fail(cause);
      else resolve();
    });
    body.on('data', (chunk: Buffer) => {
      try {
        const busy = take(chunk);
        if (busy === undefined) return;
        body.pause();
        busy.then(() => body.resume(), fail);
      } catch (cause) {
        fail(cause);
      }
    });
  });
}
