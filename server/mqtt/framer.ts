/** The peer does not speak MQTT, or says more at once than it may. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/**
 * Cuts a stream of bytes into MQTT control packets (MQTT 3.1.1, 2.2), each at most as long as
 * `limitOf` allows its type. The length is known from the first five bytes, so a packet that is too
 * long is refused before it is in memory.
 */
export function framer(limitOf: (type: number) => number): (chunk: Buffer) => readonly Buffer[] {
  let parts: Buffer[] = [];
  let held = 0;
  let needed = 2;

  return (chunk) => {
    parts.push(chunk);
    held += chunk.length;
    if (held < needed) return [];
    let rest = parts.length === 1 ? chunk : Buffer.concat(parts);
    const frames: Buffer[] = [];
    for (;;) {
      const length = frameLength(rest, limitOf);
      if (length === undefined || rest.length < length) {
        needed = length ?? rest.length + 1;
        break;
      }
      frames.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    parts = rest.length === 0 ? [] : [rest];
    held = rest.length;
    return frames;
  };
}

/** The length of the packet that begins here, or undefined while that cannot be known. */
function frameLength(bytes: Buffer, limitOf: (type: number) => number): number | undefined {
  const first = bytes[0];
  if (first === undefined) return undefined;
  const remaining = readVariable(bytes, 1);
  if (remaining === undefined) return undefined;
  const length = 1 + remaining.size + remaining.value;
  const limit = limitOf(first >> 4);
  if (length > limit) throw new FrameError(`a packet of ${length} bytes, at most ${limit}`);
  return length;
}

/** A variable byte integer (MQTT 3.1.1, 2.2.3), or undefined while bytes are missing. */
function readVariable(
  bytes: Buffer,
  at: number,
): { readonly value: number; readonly size: number } | undefined {
  let value = 0;
  for (let size = 1; size <= 4; size += 1) {
    const byte = bytes[at + size - 1];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 128 ** (size - 1);
    if (byte < 0x80) return { value, size };
  }
  throw new FrameError('a length of more than four bytes');
}
