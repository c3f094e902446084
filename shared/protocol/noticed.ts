import * as z from 'zod/mini';

const text = z.string().check(z.maxLength(2_000));

/**
 * An attack on the way to the server, where nothing came that could have been refused. `slow_retrieval`
 * (Uptane 5.4): files come more slowly than an honest line brings them. `cut_off` (TUF 1.5.2): no
 * answer that holds for many polls.
 */
export const NoticedAttack = z.enum(['slow_retrieval', 'cut_off']);

/** The event of a report by which a device tells of it, as soon as anybody can be told. */
export const Noticed = z.strictObject({
  kind: z.literal('noticed'),
  attack: NoticedAttack,
  /** By the device's time. */
  since: z.iso.datetime(),
  /** Tries that were too slow, or polls in vain. */
  times: z.int().check(z.minimum(1)),
  /** Why the last of them was in vain. */
  code: z.string().check(z.maxLength(64)),
  detail: text,
});
export type Noticed = Readonly<z.infer<typeof Noticed>>;
