/** RFC 9110 14.4: the first byte of `bytes 5-9/10`; undefined when it says anything else. */
export function readRange(header: string | undefined): number | undefined {
  const digits = /^bytes (\d{1,15})-\d{1,15}\/(?:\d{1,15}|\*)$/.exec(header ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
