import * as z from 'zod/mini';

/** A file or folder, relative to the configuration. */
export const path = z.string().check(z.minLength(1));

/** A program and its arguments. */
export const command = z.array(z.string()).check(z.minLength(1, 'must name a program'));

/** No duration is longer than a week. */
export const seconds = z.number().check(z.minimum(0), z.maximum(604_800));

/** A duration that must be one. */
export const positiveSeconds = seconds.check(z.positive());
