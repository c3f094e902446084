import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import {
  UNPACKING_MEBIBYTES,
  ZSTD_WINDOW_LOG,
  type Compression,
} from '../../shared/release/compression.ts';
import { Failure } from '../failure.ts';

/** Unpacks an image while it streams by; nothing is written anywhere. */
export interface ImageReader {
  /** Resolves when the reader can take more. */
  readonly write: (chunk: Uint8Array) => Promise<void>;
  /** What will stand on the device, once all is written. */
  readonly finish: () => Promise<{ readonly sha256: string; readonly length: number }>;
}

/** Bytes go in, the unpacked ones come out; `ended` tells what went wrong, if anything did. */
interface Unpacker {
  readonly input: Writable;
  readonly output: Readable;
  readonly ended: Promise<string | undefined>;
}

/**
 * The hash and length of an image as it stands unpacked, under the limits of devices: so an author
 * hears of an image that no device could unpack before the fleet does.
 */
export function readPackedImage(compression: Exclude<Compression, 'none'>): ImageReader {
  const { input, output, ended } = UNPACKERS[compression]();
  const hash = createHash('sha256');
  let length = 0;
  let isOver = false;
  const unpacked = (async (): Promise<void> => {
    try {
      for await (const chunk of output as AsyncIterable<Buffer>) {
        hash.update(chunk);
        length += chunk.length;
      }
      const fault = await ended;
      if (fault !== undefined) throw new Error(fault);
    } finally {
      isOver = true;
    }
  })();
  unpacked.catch(() => undefined); // thrown where the author waits: by write or finish
  input.on('error', () => undefined); // a reader that gave up says why by its end
  return {
    write: async (chunk) => {
      if (isOver) return; // finish tells why, or there is more behind the image than its packer wrote
      if (!input.write(chunk)) await drained(input, unpacked);
    },
    finish: async () => {
      input.end();
      try {
        await unpacked;
      } catch (cause) {
        throw refused(compression, cause);
      }
      return { sha256: hash.digest('hex'), length };
    },
  };
}

const UNPACKERS: Readonly<Record<Exclude<Compression, 'none'>, () => Unpacker>> = {
  gzip: () => {
    const gunzip = createGunzip();
    return { input: gunzip, output: gunzip, ended: Promise.resolve(undefined) };
  },
  xz: () => program('xz', ['-dc', '--format=xz', memory('--memlimit-decompress')]),
  zstd: () => program('zstd', ['-dcq', `--memory=${2 ** (ZSTD_WINDOW_LOG - 20)}MiB`]),
};

function memory(option: string): string {
  return `${option}=${UNPACKING_MEBIBYTES}MiB`;
}

/** Its own environment: XZ_OPT and the like could lift the limits. */
function program(name: string, args: readonly string[]): Unpacker {
  const child = spawn(name, args, { env: { PATH: process.env['PATH'], LC_ALL: 'C' } });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, 500);
  });
  const ended = new Promise<string | undefined>((resolve) => {
    child.on('error', ({ message }) => {
      resolve(`${name} cannot be run: ${message}`);
    });
    child.on('close', (code) => {
      resolve(code === 0 ? undefined : `${name}: ${said.trim()}`);
    });
  });
  return { input: child.stdin, output: child.stdout, ended };
}

function drained(input: Writable, unpacked: Promise<void>): Promise<unknown> {
  const drain = new Promise((resolve) => input.once('drain', resolve));
  return Promise.race([drain, unpacked.catch(() => undefined)]);
}

function refused(compression: string, cause: unknown): Failure {
  const says = cause instanceof Error ? cause.message : String(cause);
  const detail = `the image cannot be unpacked as ${compression}: ${says}`;
  return new Failure('image_refused', detail, { cause });
}
