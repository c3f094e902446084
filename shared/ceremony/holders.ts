import * as z from 'zod/mini';

/** Who holds a key, and since when, as the metadata itself says: signed with it, for people only. */
const Holder = z.looseObject({
  name: z.string().check(z.minLength(1), z.maxLength(100)),
  since: z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/)),
});
export type Holder = Readonly<z.infer<typeof Holder>>;

/** Holders by key id. */
export type Holders = ReadonlyMap<string, Holder>;

/** A field that no TUF client knows and every TUF client preserves. */
export const HOLDERS_FIELD = 'x-sealift';

const Field = z.looseObject({ holders: z.optional(z.record(z.string(), z.unknown())) });

/**
 * The holders that a root or image targets names. No check rests on a name, so a field that is not as
 * we write it names nobody; it never refuses the file.
 */
export function holdersOf(signed: Readonly<Record<string, unknown>>): Holders {
  const field = Field.safeParse(signed[HOLDERS_FIELD]);
  const named = new Map<string, Holder>();
  if (!field.success) return named;
  for (const [keyId, value] of Object.entries(field.data.holders ?? {})) {
    const holder = Holder.safeParse(value);
    if (holder.success) named.set(keyId, holder.data);
  }
  return named;
}

/** The same file with exactly these holders; whatever else our field says stays. */
export function withHolders<T extends Readonly<Record<string, unknown>>>(
  signed: T,
  holders: Holders,
): T {
  const before = Field.safeParse(signed[HOLDERS_FIELD]);
  const kept = before.success ? before.data : {};
  return { ...signed, [HOLDERS_FIELD]: { ...kept, holders: Object.fromEntries(holders) } };
}
