import { Hono, type Context } from 'hono';
import { parseManifestPath } from '../../shared/release/names.ts';
import type { ServedFile } from './image-files.ts';

export interface ImageDeps {
  /** Metadata of the image repository, by its file name. */
  readonly readImage: (name: string) => Promise<ServedFile | undefined>;
  /** Roots of the director, by version. */
  readonly readDirectorRoot: (version: number) => Promise<ServedFile | undefined>;
  /** The manifest of a published release, by its sha256. */
  readonly readManifest: (sha256: string) => Promise<ServedFile | undefined>;
  /** The sha256 of the manifest that is published under this path. */
  readonly findManifest: (product: string, version: string) => Promise<string | undefined>;
}

const FOR_EVER = 'public, max-age=31536000, immutable';

/** The image repository as plain TUF files, and the director's roots: what any TUF client can read. */
export function imageRoutes(deps: ImageDeps) {
  return new Hono()
    .get('/image/:name{[^/]+[.]json}', async (c) => {
      const name = c.req.path.slice(c.req.path.lastIndexOf('/') + 1);
      const file = await deps.readImage(name);
      return send(c, file, name === 'timestamp.json' ? 'no-cache' : FOR_EVER);
    })
    .get('/image/targets/:product/:version/:file', async (c) => {
      const { product, version, file } = c.req.param();
      const [, hash, path] = HASHED.exec(file) ?? [];
      const named = parseManifestPath(`${product}/${version}/${path ?? file}`);
      if (named === undefined) return c.json(NOT_HERE, 404);
      const sha256 = await deps.findManifest(named.product, named.version);
      if (sha256 === undefined || (hash !== undefined && hash !== sha256)) {
        return c.json(NOT_HERE, 404);
      }
      return send(c, await deps.readManifest(sha256), FOR_EVER);
    })
    .get('/director/:name{[1-9][0-9]{0,9}[.]root[.]json}', async (c) =>
      send(c, await deps.readDirectorRoot(Number.parseInt(c.req.param('name'), 10)), FOR_EVER),
    );
}

const HASHED = /^([0-9a-f]{64})\.(.+)$/;
const NOT_HERE = { code: 'unknown_file', message: 'the repository does not have this file' };

function send(c: Context, file: ServedFile | undefined, cacheControl: string): Response {
  if (file === undefined) return c.json(NOT_HERE, 404);
  const headers = { ETag: file.etag, 'Cache-Control': cacheControl };
  if (c.req.header('If-None-Match') === file.etag) return c.body(null, 304, headers);
  return c.body(file.bytes, 200, { ...headers, 'Content-Type': 'application/json' });
}
