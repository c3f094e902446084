/** What stands in a slot. */
export type Content = 'old' | 'new' | 'half';

/** What is measured of a slot. */
export const DIGESTS = { old: '1'.repeat(64), new: '2'.repeat(64), half: '0'.repeat(64) } as const;
