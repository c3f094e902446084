import * as z from 'zod/mini';
import type { Form } from '../install/kept-twice.ts';
import type { Noticed } from '../../shared/protocol/noticed.ts';
import type { Trouble } from './trouble.ts';

const count = z.int().check(z.minimum(0));

/** A trouble that has not ended. */
const Lasting = z.strictObject({
  since: z.iso.datetime(),
  times: count,
  code: z.string(),
  detail: z.string(),
  /** How many times it had been when it was last told. */
  told: count,
});
export type Lasting = Readonly<z.infer<typeof Lasting>>;

/** How the way to the server has been, as it is kept on disk: `status` shows it, a restart knows it. */
export const Reach = z.strictObject({
  schema: z.literal('sealift.reach/1'),
  /** Polls without an answer that held. */
  cutOff: z.nullable(Lasting),
  /** Tries that were too slow, since the last download that was not. */
  slow: z.nullable(Lasting),
});
export type Reach = Readonly<z.infer<typeof Reach>>;

/** How it is written to a file. */
export const REACH_FORM: Form<Reach> = { schema: Reach, plain: (reach) => reach };

/** A way without trouble. */
export const CLEAR: Reach = { schema: 'sealift.reach/1', cutOff: null, slow: null };

/** As much of a detail as a report takes. */
const DETAIL_CHARACTERS = 1_000;
const CODE_CHARACTERS = 64;

/** One more time of a trouble. */
export function onceMore(before: Lasting | null, { code, detail }: Trouble, at: Date): Lasting {
  return {
    since: before?.since ?? at.toISOString(),
    times: (before?.times ?? 0) + 1,
    code: code.slice(0, CODE_CHARACTERS),
    detail: detail.slice(0, DETAIL_CHARACTERS),
    told: before?.told ?? 0,
  };
}

/** Told at `limit` times, and then each time that it has doubled: never a flood, never silence. */
export function isTimeToTell({ times, told }: Lasting, limit: number): boolean {
  return times >= Math.max(limit, 2 * told);
}

/** The event that tells of it. */
export function noticed(
  attack: Noticed['attack'],
  { since, times, code, detail }: Lasting,
): Noticed {
  return { kind: 'noticed', attack, since, times, code, detail };
}
