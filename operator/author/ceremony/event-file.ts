import * as z from 'zod/mini';
import {
  EventSchema,
  EventSignatureSchema,
  type SigningEvent,
} from '../../../shared/ceremony/event.ts';
import { Sha256 } from '../../../shared/metadata/fields.ts';
import { LIMITS } from '../../../shared/metadata/limits.ts';
import type { FetchFile } from '../../../shared/trust/repository.ts';
import { metadataFolder } from '../metadata-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { Standing } from './standing.ts';
import type { StandingSource } from './verify-standing.ts';

/** An event with everything that a machine without network needs to judge it for itself. */
const EventFileSchema = z.strictObject({
  schema: z.literal('sealift.event/1'),
  exportedAt: z.iso.datetime(),
  event: EventSchema,
  /** Signed metadata by repository and name. Nothing here is believed: it is verified like a server's. */
  image: z.record(z.string(), z.string()),
  director: z.record(z.string(), z.string()),
});
export type EventFile = Readonly<z.infer<typeof EventFileSchema>>;

/** Signatures that were made away from the network, and over what. */
const SignatureFileSchema = z.strictObject({
  schema: z.literal('sealift.event-signatures/1'),
  event: z.string(),
  fingerprint: Sha256,
  signatures: z.array(EventSignatureSchema),
});
export type SignatureFile = Readonly<z.infer<typeof SignatureFileSchema>>;

/** An exported event, or undefined when the bytes are something else. */
export function parseEventFile(bytes: Uint8Array): EventFile | undefined {
  return parse(EventFileSchema, bytes);
}

/** A file of signatures, or undefined when the bytes are something else. */
export function parseSignatureFile(bytes: Uint8Array): SignatureFile | undefined {
  return parse(SignatureFileSchema, bytes);
}

/** The bytes of either file. */
export function eventFileBytes(file: EventFile | SignatureFile): Uint8Array {
  return Buffer.from(`${JSON.stringify(file, null, 2)}\n`, 'utf8');
}

/** The metadata in an exported event, as if a server showed it. */
export function sourceOf({ image, director }: EventFile): StandingSource {
  const from =
    (files: Readonly<Record<string, string>>): FetchFile =>
    (name) => {
      const text = Object.hasOwn(files, name) ? files[name] : undefined;
      return Promise.resolve(text === undefined ? undefined : Buffer.from(text, 'utf8'));
    };
  return { image: from(image), director: from(director) };
}

/** Packs an event with the metadata that this workspace has just verified, and every root before it. */
export async function packEvent(
  event: SigningEvent,
  standing: Standing,
  { workspace, source, now }: { workspace: Workspace; source: StandingSource; now: Date },
): Promise<EventFile> {
  const store = metadataFolder(workspace.imageFolder);
  const { imageRoot, imageTargets, products, directorRoot } = standing;
  const image: Record<string, string> = await rootsOf(source.image, imageRoot.content.version);
  const snapshot = await store.load('snapshot');
  const timestamp = await store.load('timestamp');
  if (timestamp !== undefined) image['timestamp.json'] = textOf(timestamp);
  if (snapshot !== undefined) image[`${versionIn(snapshot)}.snapshot.json`] = textOf(snapshot);
  image[`${imageTargets.content.version}.targets.json`] = textOf(imageTargets.bytes);
  for (const [product, { content, bytes }] of products) {
    image[`${content.version}.${encodeURIComponent(product)}.json`] = textOf(bytes);
  }
  const director =
    directorRoot === undefined ? {} : await rootsOf(source.director, directorRoot.content.version);
  return { schema: 'sealift.event/1', exportedAt: now.toISOString(), event, image, director };
}

/** The chain from the first root on: the other workspace may have seen none of it yet. */
async function rootsOf(fetch: FetchFile, newest: number): Promise<Record<string, string>> {
  const roots: Record<string, string> = {};
  for (let version = 2; version <= newest; version += 1) {
    const bytes = await fetch(`${version}.root.json`, LIMITS.rootBytes);
    if (bytes !== undefined) roots[`${version}.root.json`] = textOf(bytes);
  }
  return roots;
}

const Versioned = z.looseObject({ signed: z.looseObject({ version: z.int() }) });

/** Of a file that was verified before. */
function versionIn(bytes: Uint8Array): number {
  return Versioned.parse(JSON.parse(textOf(bytes))).signed.version;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function parse<T extends z.core.$ZodType>(schema: T, bytes: Uint8Array): z.output<T> | undefined {
  try {
    const parsed = z.safeParse(schema, JSON.parse(textOf(bytes)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // not JSON: something else
  }
}
