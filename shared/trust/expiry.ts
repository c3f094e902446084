import { Refusal } from './refusal.ts';

/** TUF 5.3.10, 5.4.4, 5.5.6, 5.6.5: against the fixed start time (5.1), so slowness cannot expire it. */
export function requireFresh(
  name: string,
  { version, expires }: { readonly version: number; readonly expires: Date },
  startedAt: Date,
): void {
  if (startedAt >= expires) {
    throw new Refusal('metadata_expired', `${name} v${version} expired ${expires.toISOString()}`);
  }
}
