import * as z from 'zod/mini';
import { Version } from '../metadata/fields.ts';
import { Name } from '../release/names.ts';

// A signing event: next versions of files that offline keys sign, which become visible all at once when
// each has its signatures. These are the messages between whoever opens or signs one and the server.

const text = z.string();
const nullable = z.nullable(text);
const repository = z.enum(['image', 'director']);

/** `root`, `targets` or a product; of the director's roles authors sign only `root`. */
const RoleName = Name.check(
  z.refine((role) => role !== 'snapshot' && role !== 'timestamp', 'is signed by the server'),
);

const fileName = { repository, role: RoleName };
const isAuthors = z.refine<EventFileName>(
  (file) => file.repository === 'image' || file.role === 'root',
  'of the director only the root is signed by authors',
);

/** Which file: there is one of each at most in an event. */
export interface EventFileName {
  readonly repository: 'image' | 'director';
  readonly role: string;
}

/** Files that one event may carry: a fleet's roots and targets, and many products. */
export const MAX_EVENT_FILES = 128;

/** The body of `POST /signing-events`. `file` is a TUF envelope, signed by nobody, some or all. */
export const OpenEventSchema = z.strictObject({
  title: text.check(z.minLength(1), z.maxLength(200)),
  files: z
    .array(z.strictObject({ ...fileName, file: text.check(z.minLength(1)) }).check(isAuthors))
    .check(
      z.minLength(1),
      z.maxLength(MAX_EVENT_FILES),
      z.refine(
        (files) => new Set(files.map(nameOfFile)).size === files.length,
        'a file comes twice',
      ),
    ),
  /** The exact texts of the manifests of releases that the event publishes. */
  manifests: z.optional(z.array(text.check(z.minLength(1))).check(z.maxLength(64))),
  /** Products that the event adds. */
  products: z.optional(
    z
      .array(
        z.strictObject({
          product: Name,
          hardwareIds: z.array(Name).check(z.minLength(1), z.maxLength(64)),
        }),
      )
      .check(z.maxLength(64)),
  ),
});
export type OpenEvent = Readonly<z.infer<typeof OpenEventSchema>>;

/** One signature over one file of an event, in hex. */
export const EventSignatureSchema = z.strictObject({
  ...fileName,
  keyid: text.check(z.regex(/^[0-9a-f]{64}$/)),
  sig: text.check(z.regex(/^([0-9a-f]{2}){1,1024}$/)),
});
export type EventSignature = Readonly<z.infer<typeof EventSignatureSchema>>;

/** Whose signatures a file needs: `threshold` different keys of these. */
const requirement = z.object({
  /** The file that says so: `image root v1`, `image targets v3`. */
  by: text,
  threshold: Version,
  keys: z.array(z.object({ keyid: text, signedBy: nullable, signedAt: nullable })),
});

const eventFile = z.object({
  repository,
  role: text,
  version: Version,
  expires: text,
  requirements: z.array(requirement),
});

const common = {
  id: text,
  title: text,
  state: z.enum(['open', 'published', 'withdrawn']),
  /** Another version of one of its files was published meanwhile: it can never be. */
  stale: z.boolean(),
  openedBy: text,
  openedAt: text,
  closedAt: nullable,
};

/** An event as a list shows it. */
export const EventSummarySchema = z.object({ ...common, files: z.array(eventFile) });
export type EventSummary = z.infer<typeof EventSummarySchema>;

/** `GET /signing-events` */
export const EventsSchema = z.object({ events: z.array(EventSummarySchema) });

/**
 * A whole event. `signed` is the signed part of a file as JSON; what a signature covers is
 * `canonicalBytes(parseStrictJson(signed))`. Nothing here is to be believed: whoever signs computes the
 * requirements from what they have verified themselves (`requirements.ts`).
 */
export const EventSchema = z.object({
  ...common,
  files: z.array(
    z.extend(eventFile, {
      signed: text,
      /** What was submitted, so that each holder checks for themselves who has signed. */
      signatures: z.optional(z.array(z.object({ keyid: text, sig: text }))),
    }),
  ),
  manifests: z.array(text),
  products: z.array(z.object({ product: text, hardwareIds: z.array(text) })),
});
export type SigningEvent = z.infer<typeof EventSchema>;

/** The name of a file within its event. */
export function nameOfFile({ repository: name, role }: EventFileName): string {
  return `${name}/${role}`;
}
