import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { Blob } from './answers.ts';
import { ask, type Connection } from './connection.ts';
import { ServerError } from './server-error.ts';

/** A file that the server should hold under its digest. */
export interface BlobFile {
  readonly path: string;
  readonly mediaType: string;
  readonly length: number;
  readonly sha256: string;
}

/** What happened to one file. */
export interface UploadedBlob {
  readonly file: BlobFile;
  readonly wasThere: boolean;
}

type Progress = (file: BlobFile, doneBytes: number) => void;

/** Uploads what the server lacks, one after the other; the server checks every digest. */
export async function uploadBlobs(
  connection: Connection,
  files: readonly BlobFile[],
  progress: Progress,
): Promise<readonly UploadedBlob[]> {
  const uploaded: UploadedBlob[] = [];
  for (const file of new Map(files.map((each) => [each.sha256, each])).values()) {
    const wasThere = await isThere(connection, file);
    if (!wasThere) await upload(connection, file, progress);
    uploaded.push({ file, wasThere });
  }
  return uploaded;
}

async function isThere(connection: Connection, { sha256, length }: BlobFile): Promise<boolean> {
  try {
    const blob = await ask(connection, { method: 'GET', path: `/api/v1/blobs/${sha256}` }, Blob);
    return blob.length === length;
  } catch (error) {
    if (error instanceof ServerError && error.status === 404) return false;
    throw error;
  }
}

async function upload(connection: Connection, file: BlobFile, progress: Progress): Promise<void> {
  const { path, mediaType, length, sha256 } = file;
  let done = 0;
  const stream = createReadStream(path, { highWaterMark: 262_144 });
  stream.on('data', (chunk) => {
    done += chunk.length;
    progress(file, done);
  });
  const query = new URLSearchParams({ mediaType }).toString();
  const request = {
    method: 'PUT',
    path: `/api/v1/blobs/${sha256}?${query}`,
    body: Readable.toWeb(stream) as ReadableStream<Uint8Array>,
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(length) },
    isUpload: true,
  } as const;
  try {
    await ask(connection, request, Blob);
  } finally {
    stream.destroy();
  }
}
