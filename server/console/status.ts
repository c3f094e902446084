import type { Device } from '../devices/inventory-store.ts';
import type { FileExpiry } from '../repository/expiry-store.ts';
import type { Rollout } from '../rollouts/rollout-store.ts';

/** A list of which the page may show only the newest. */
export interface Newest<T> {
  readonly rows: readonly T[];
  /** Whether there are more than these. */
  readonly more: boolean;
}

export interface ShownRelease {
  readonly product: string;
  readonly version: string;
  readonly manifestSha256: string;
  readonly class: 'security' | 'functional' | 'recovery';
  readonly securityEpoch: number;
  readonly state: 'published' | 'recalled';
  readonly publishedAt: string;
  readonly recallReason: string | null;
  /** Devices in service that run it, by their last reports. */
  readonly runningOn: number;
}

/** Everything on the status page. */
export interface Status {
  readonly rollouts: Newest<Rollout>;
  readonly devices: Newest<Device>;
  readonly releases: Newest<ShownRelease>;
  /** Files that people must sign again in time, the most urgent first. */
  readonly expiry: readonly FileExpiry[];
  /** The newest audit entry; undefined before anything happened. */
  readonly auditHead: { readonly sequence: number; readonly hash: string } | undefined;
}
