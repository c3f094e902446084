import * as z from 'zod/mini';

/** Relative, as it stands in the archive: no way out of the slot. */
const inSlot = z.string().check(
  z.minLength(1),
  z.refine(
    (path) => path.split('/').every((name) => !['', '.', '..'].includes(name)),
    'must be a path inside the slot, such as etc/machine-id',
  ),
);

const MIB = 1_024 * 1_024;

/** How the running slot is watched. */
export const DriftConfig = z.strictObject({
  /** Between two looks while the agent runs; 0: only when it starts. */
  everyHours: z._default(z.number().check(z.minimum(0), z.maximum(8_760)), 24),
  /** What a look on the timer may read; at the start it reads as fast as it can. */
  bytesPerSecond: z._default(z.int().check(z.minimum(1)), 4 * MIB),
  /** Of archives: files and folders that may change, vanish or appear, as local state. */
  allow: z._default(z.array(inSlot), []),
  /** Install the assigned release anew, in the other slot, when the running one has drifted. */
  repair: z._default(z.boolean(), false),
});
export type DriftConfig = Readonly<z.infer<typeof DriftConfig>>;
