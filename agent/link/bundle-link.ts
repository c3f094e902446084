import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { LIMITS } from '../../shared/metadata/limits.ts';
import { BUNDLE_NAMES } from '../../shared/protocol/offline-bundle.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { bundleArchive } from './bundle-archive.ts';
import { readSection, streamSection, type BundleFiles } from './bundle-files.ts';
import { bundleFolder } from './bundle-folder.ts';
import type { HttpAnswer } from './http.ts';
import type { Server } from './server.ts';
import { Unreachable } from './unreachable.ts';

/** The third way in, after HTTP and MQTT: a bundle that somebody carried here. */
export interface BundleLink {
  /** What the director says to this device; refused when the bundle has no word for it. */
  readonly word: (deviceId: string) => Promise<Uint8Array>;
  /** In the place of a server: it has files, and answers nothing. */
  readonly server: Server;
}

/** A bundle in a folder or in one file. */
export async function openBundleLink(path: string): Promise<BundleLink> {
  const isFolder = (await stat(path)).isDirectory();
  const files = isFolder ? await bundleFolder(path) : await bundleArchive(path);
  const read = async (name: string, maxBytes: number): Promise<Uint8Array | undefined> => {
    const section = await files.find(name);
    return section && readSection(name, section, maxBytes);
  };
  return {
    word: async (deviceId) => {
      const word = await read(BUNDLE_NAMES.word(deviceId), LIMITS.bundleBytes);
      if (word !== undefined) return word;
      throw new Refusal(
        'bundle_malformed',
        `the bundle has no word of the director for ${deviceId}`,
      );
    },
    server: {
      assignment: nobody,
      report: nobody,
      enrol: nobody,
      fetchImage: (name, maxBytes) => read(BUNDLE_NAMES.image(name), maxBytes),
      fetchBlob: async (sha256, maxBytes) => {
        const bytes = await read(BUNDLE_NAMES.blob(sha256), maxBytes);
        if (bytes === undefined) throw new Unreachable(`the bundle has no blob ${sha256}`);
        return bytes;
      },
      openBlob: (sha256, headers) => openBlob(files, sha256, headers),
    },
  };
}

function nobody(): Promise<never> {
  return Promise.reject(new Unreachable('there is a bundle here, and no server'));
}

/** In the words of HTTP, so that a download that was cut goes on where it stopped. */
async function openBlob(
  files: BundleFiles,
  sha256: string,
  headers: Readonly<Record<string, string>>,
): Promise<HttpAnswer> {
  const section = await files.find(BUNDLE_NAMES.blob(sha256));
  if (section === undefined) return { status: 404, headers: {}, body: Readable.from([]) };
  const etag = `"${sha256}"`;
  const asked =
    headers['if-range'] === etag ? /^bytes=(\d+)-$/.exec(headers['range'] ?? '')?.[1] : '';
  const from = Number(asked ?? 0);
  const { length } = section;
  if (from === 0 || from >= length) {
    const body = length === 0 ? Readable.from([]) : await streamSection(section, 0);
    return { status: 200, headers: { etag, 'content-length': String(length) }, body };
  }
  const range = { 'content-range': `bytes ${from}-${length - 1}/${length}` };
  const head = { etag, ...range, 'content-length': String(length - from) };
  return { status: 206, headers: head, body: await streamSection(section, from) };
}
