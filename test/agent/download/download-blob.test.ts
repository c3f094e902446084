import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  downloadBlob,
  NotThere,
  SpoiledResume,
  type DownloadDeps,
} from '../../../agent/download/download-blob.ts';
import { NoSpace } from '../../../agent/install/free-space.ts';
import { httpClient, type HttpClient } from '../../../agent/link/http.ts';
import { Unreachable } from '../../../agent/link/unreachable.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { sendBlob } from '../../support/device-server.ts';

const PACE = { windowMs: 60_000, bytesPerSecond: 256, milliseconds: () => performance.now() };
const BYTES = Buffer.alloc(300_000, 'sealift');
const BLOB = { sha256: sha256Hex(BYTES), length: BYTES.length };

let folder: string;
let server: Server;
let client: HttpClient;
let respond: (request: IncomingMessage, response: ServerResponse) => void;
let asked: (string | undefined)[];
let deps: DownloadDeps;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-download-'));
  respond = (request, response) => {
    sendBlob(BYTES, request, response);
  };
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.headers.range);
    respond(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = httpClient({ ca: undefined, allowPlaintext: false, idleMs: 300 });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/blob`);
  deps = {
    folder,
    openBlob: (_sha256, headers) => client.ask({ method: 'GET', url, headers }),
    requireSpace: () => Promise.resolve(),
    pace: PACE,
  };
});

afterEach(() => {
  client.close();
  server.closeAllConnections();
  server.close();
});

const refusal = (code: string): unknown => expect.objectContaining({ name: 'Refusal', code });

/** Sends the head of the blob and then breaks the connection, once. */
function breakOnceAfter(bytes: number): void {
  const honest = respond;
  respond = (_request, response) => {
    respond = honest;
    const headers = { etag: `"${BLOB.sha256}"`, 'content-length': BYTES.length };
    response.writeHead(200, headers);
    response.write(BYTES.subarray(0, bytes), () => response.destroy());
  };
}

describe('a download', () => {
  test('stands under its verified name when every byte was right', async () => {
    const path = await downloadBlob(deps, BLOB);

    expect(sha256Hex(await readFile(path))).toBe(BLOB.sha256);
    expect(await readdir(folder)).toEqual([BLOB.sha256]);
  });

  test('is not asked for again when it is there, but it is hashed again', async () => {
    await downloadBlob(deps, BLOB);
    await downloadBlob(deps, BLOB);
    expect(asked).toHaveLength(1);

    await writeFile(join(folder, BLOB.sha256), Buffer.alloc(BLOB.length, 'damaged'));
    await downloadBlob(deps, BLOB);

    expect(asked).toHaveLength(2);
    expect(sha256Hex(await readFile(join(folder, BLOB.sha256)))).toBe(BLOB.sha256);
  });

  test('has an ending that says that it was not verified, until it was', async () => {
    breakOnceAfter(100_000);

    await expect(downloadBlob(deps, BLOB)).rejects.toThrow(Unreachable);

    expect((await readdir(folder)).sort()).toEqual([
      `${BLOB.sha256}.unverified`,
      `${BLOB.sha256}.unverified.etag`,
    ]);
  });

  test('goes on where the connection broke', async () => {
    breakOnceAfter(100_000);
    await expect(downloadBlob(deps, BLOB)).rejects.toThrow(Unreachable);

    await downloadBlob(deps, BLOB);

    expect(asked).toEqual([undefined, 'bytes=100000-']);
    expect(sha256Hex(await readFile(join(folder, BLOB.sha256)))).toBe(BLOB.sha256);
  });

  test('begins again when the server has another file now, and refuses that one', async () => {
    breakOnceAfter(100_000);
    await expect(downloadBlob(deps, BLOB)).rejects.toThrow(Unreachable);
    const other = Buffer.alloc(BYTES.length, 'changed');
    respond = (request, response) => {
      sendBlob(other, request, response);
    };

    await expect(downloadBlob(deps, BLOB)).rejects.toEqual(refusal('artifact_hash_mismatch'));

    expect(await readdir(folder)).toEqual([]);
  });

  test('blames the half that was kept first when the whole is wrong', async () => {
    breakOnceAfter(100_000);
    await expect(downloadBlob(deps, BLOB)).rejects.toThrow(Unreachable);
    await writeFile(join(folder, `${BLOB.sha256}.unverified`), Buffer.alloc(100_000, 'rot'));

    await expect(downloadBlob(deps, BLOB)).rejects.toThrow(SpoiledResume);
    expect(await readdir(folder)).toEqual([]);

    await downloadBlob(deps, BLOB);
    expect(await readdir(folder)).toEqual([BLOB.sha256]);
  });

  test('begins at the beginning with a server that ignores ranges', async () => {
    breakOnceAfter(100_000);
    await expect(downloadBlob(deps, BLOB)).rejects.toThrow(Unreachable);
    respond = (_request, response) => {
      response.end(BYTES);
    };

    await downloadBlob(deps, BLOB);

    expect(sha256Hex(await readFile(join(folder, BLOB.sha256)))).toBe(BLOB.sha256);
  });
});

describe('what is refused', () => {
  test('one byte more than was signed, announced or not', async () => {
    const long = Buffer.concat([BYTES, Buffer.from('x')]);
    respond = (_request, response) => {
      response.end(long);
    };
    await expect(downloadBlob(deps, BLOB)).rejects.toEqual(refusal('artifact_length_mismatch'));

    respond = (_request, response) => {
      response.write(long); // chunked: no length is announced
      response.end();
    };
    await expect(downloadBlob(deps, BLOB)).rejects.toEqual(refusal('artifact_length_mismatch'));
    expect(await readdir(folder)).toEqual([]);
  });

  test('endless data, without filling the disk', async () => {
    respond = (_request, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(65_536), more);
      };
      more();
    };

    await expect(downloadBlob(deps, BLOB)).rejects.toEqual(refusal('artifact_length_mismatch'));
    expect(await readdir(folder)).toEqual([]);
  });

  test('one byte less than was signed', async () => {
    respond = (_request, response) => {
      response.end(BYTES.subarray(1));
    };

    await expect(downloadBlob(deps, BLOB)).rejects.toEqual(refusal('artifact_length_mismatch'));
  });

  test('as many bytes, but others', async () => {
    respond = (_request, response) => {
      response.end(Buffer.alloc(BYTES.length));
    };

    await expect(downloadBlob(deps, BLOB)).rejects.toEqual(refusal('artifact_hash_mismatch'));
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('what is not held against the release', () => {
  test('a server that stalls', async () => {
    respond = (_request, response) => {
      response.writeHead(200, { 'content-length': BYTES.length });
      response.write(BYTES.subarray(0, 1_000));
    };

    await expect(downloadBlob(deps, BLOB)).rejects.toThrow(Unreachable);
  });

  test('a server that drips', async () => {
    let time = 0;
    respond = (_request, response) => {
      response.writeHead(200, { 'content-length': BYTES.length });
      const drip = (): void => {
        if (!response.destroyed) response.write('x', () => setImmediate(drip));
      };
      drip();
    };

    const slow = downloadBlob(
      { ...deps, pace: { ...PACE, milliseconds: () => (time += 1_000) } },
      BLOB,
    );

    await expect(slow).rejects.toThrow(Unreachable);
  });

  test.each([500, 503, 429, 401])('status %i: it is tried again later', async (status) => {
    respond = (_request, response) => {
      response.writeHead(status).end();
    };

    await expect(downloadBlob(deps, BLOB)).rejects.toThrow(Unreachable);
  });

  test.each([404, 410])('status %i: the server does not have it', async (status) => {
    respond = (_request, response) => {
      response.writeHead(status).end();
    };

    await expect(downloadBlob(deps, BLOB)).rejects.toThrow(NotThere);
  });
});

test('nothing is asked for when there is no room for it', async () => {
  const full = { ...deps, requireSpace: () => Promise.reject(new NoSpace('full')) };

  await expect(downloadBlob(full, BLOB)).rejects.toThrow(NoSpace);

  expect(asked).toEqual([]);
});
