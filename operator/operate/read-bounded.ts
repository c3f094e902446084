/** More bytes came than may be read. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** The body of a response, never more than `maxBytes` of it in memory. */
export async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Node's streams iterate; the types of fetch do not say so.
  const body = (response.body ?? []) as AsyncIterable<Uint8Array>;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw new TooLarge(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
