import { z } from '@hono/zod-openapi';
import { MAX_EVENT_FILES, OpenEventSchema, type OpenEvent } from '../../shared/ceremony/event.ts';
import { NameField, SignedText } from '../http/fields.ts';

const repository = z.enum(['image', 'director']);
const key = z.object({
  keyid: z.string(),
  signedBy: z.string().nullable(),
  signedAt: z.string().nullable(),
});
const requirement = z.object({ by: z.string(), threshold: z.int(), keys: z.array(key) });
const file = z.object({
  repository,
  role: z.string(),
  version: z.int(),
  expires: z.string(),
  requirements: z.array(requirement),
});
const product = z.object({ product: z.string(), hardwareIds: z.array(z.string()) });

/** An event as lists show it. */
export const EventSummaryJson = z
  .object({
    id: z.string(),
    title: z.string(),
    state: z.enum(['open', 'published', 'withdrawn']),
    stale: z.boolean(),
    openedBy: z.string(),
    openedAt: z.string(),
    closedAt: z.string().nullable(),
    files: z.array(file),
  })
  .openapi('SigningEventSummary');

/** A whole event. */
export const EventJson = EventSummaryJson.extend({
  files: z.array(
    file.extend({
      signed: z.string(),
      signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })).optional(),
    }),
  ),
  manifests: z.array(z.string()),
  products: z.array(product),
}).openapi('SigningEvent');

const offeredFile = z.strictObject({ repository, role: NameField, file: SignedText });

/**
 * What opens an event: described here for people, judged by the schema that operators share
 * (`shared/ceremony/event.ts`).
 */
export const OpenEventBody = z
  .strictObject({
    title: z.string().min(1).max(200),
    files: z.array(offeredFile).min(1).max(MAX_EVENT_FILES),
    manifests: z.array(SignedText).max(64).optional(),
    products: z
      .array(z.strictObject({ product: NameField, hardwareIds: z.array(NameField).min(1).max(64) }))
      .max(64)
      .optional(),
  })
  .superRefine((body, check) => {
    const parsed = OpenEventSchema.safeParse(body);
    if (parsed.success) return;
    for (const { path, message } of parsed.error.issues) {
      check.addIssue({ code: 'custom', path, message });
    }
  })
  .transform((body): OpenEvent => body);

/** Signatures of one holder or several. */
export const SignaturesBody = z.strictObject({
  signatures: z
    .array(
      z.strictObject({
        repository,
        role: NameField,
        keyid: z.string().regex(/^[0-9a-f]{64}$/, 'must be a key id in lower-case hex'),
        sig: z.string().regex(/^([0-9a-f]{2}){1,1024}$/, 'must be a signature in lower-case hex'),
      }),
    )
    .min(1)
    .max(1_024),
});
