import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { eachChunk } from '../../../agent/download/each-chunk.ts';

const chunks = ['a', 'bc', 'def'].map((text) => Buffer.from(text));
const bodyOf = (parts: readonly Buffer[]): Readable => Readable.from(parts, { objectMode: false });

test('hands over every chunk, one after the other, and waits where it is asked to', async () => {
  const seen: string[] = [];
  let isBusy = false;

  await eachChunk(bodyOf(chunks), (chunk) => {
    expect(isBusy).toBe(false);
    seen.push(chunk.toString());
    isBusy = true;
    return new Promise((resolve) => {
      setImmediate(() => {
        isBusy = false;
        resolve();
      });
    });
  });

  expect(seen.join('')).toBe('abcdef');
});

test('a body without bytes ends at once', async () => {
  await expect(eachChunk(bodyOf([]), () => undefined)).resolves.toBeUndefined();
});

test.each([
  [
    'thrown',
    () => {
      throw new Error('too many');
    },
  ],
  ['told later', () => Promise.reject(new Error('too many'))],
] as const)('what is %s against a chunk ends the body', async (_how, take) => {
  const body = bodyOf(chunks);

  await expect(eachChunk(body, take)).rejects.toThrow('too many');

  expect(body.destroyed).toBe(true);
});

test('a body that breaks is an error, also when it broke before anybody looked', async () => {
  const breaking = new Readable({ read: () => undefined });
  const ended = eachChunk(breaking, () => undefined);
  breaking.destroy(new Error('reset by peer'));
  await expect(ended).rejects.toThrow('reset by peer');

  const broken = new Readable({ read: () => undefined });
  broken.destroy();
  await new Promise((resolve) => broken.once('close', resolve));
  await expect(eachChunk(broken, () => undefined)).rejects.toThrow();
});
