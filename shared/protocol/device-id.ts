import * as z from 'zod/mini';

/** A device id: chosen by its maker, one path segment, one topic level. */
export const DeviceId = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
      'must be 1 to 128 letters, digits, dots, dashes or underscores',
    ),
  );
