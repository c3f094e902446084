import * as z from 'zod/mini';
import type { TargetFile, Targets } from '../metadata/targets.ts';
import { Expires } from '../metadata/fields.ts';
import type { Root } from '../metadata/root.ts';
import { requireManner } from './offline.ts';
import { Refusal } from './refusal.ts';

/** What every director targets file carries, an empty one too (Uptane 5.2.3.1.1, made strict). */
export const DirectorCustom = z.looseObject({
  deviceId: z.string(),
  serverTime: Expires, // the same strict date
  nonce: z.optional(z.string()),
  /** Signed to be carried to a device that cannot ask (offline.ts). */
  offline: z.optional(z.boolean()),
});

/** What the director says to one device, verified. */
export interface DirectorWord {
  /** The release it should run; undefined when the server has nothing for it. */
  readonly target: { readonly path: string; readonly file: TargetFile } | undefined;
  readonly serverTime: Date;
}

/** Who asks, and what it sent along. */
export interface Asked {
  readonly deviceId: string;
  readonly nonce: string | undefined;
  /** It did not ask: somebody brought the word, and says so. */
  readonly isHandedOver?: boolean | undefined;
}

/** Uptane 5.4.4.6 on director targets whose signatures, version and expiry have held. */
export function acceptDirectorTargets(targets: Targets, root: Root, asked: Asked): DirectorWord {
  if (targets.delegations !== undefined) {
    throw new Refusal('director_delegates', 'the director targets delegate'); // Uptane 5.4.4.6(6)
  }
  const custom = DirectorCustom.safeParse(targets['custom']);
  if (!custom.success) {
    throw new Refusal('metadata_malformed', 'the director targets name no device or time');
  }
  const { deviceId, serverTime, nonce, offline: isForOffline = false } = custom.data;
  // Uptane 5.2.3.1: also for an empty file, or one device's "nothing new" could silence another.
  if (deviceId !== asked.deviceId) {
    throw new Refusal('wrong_device', `signed for ${deviceId}, this is ${asked.deviceId}`);
  }
  if (asked.nonce !== undefined && nonce !== asked.nonce) {
    throw new Refusal('nonce_mismatch', 'the director did not repeat our nonce');
  }
  // A stolen online key must not push the clock past what the offline root vouches for (A9).
  if (serverTime >= root.expires) {
    throw new Refusal(
      'clock_untrusted',
      `server time ${serverTime.toISOString()} is after its root`,
    );
  }
  const { isHandedOver = false } = asked;
  requireManner(root, { isForOffline, isHandedOver, serverTime, expires: targets.expires });
  return { target: onlyTarget(targets), serverTime };
}

function onlyTarget(targets: Targets): DirectorWord['target'] {
  const [first, ...others] = targets.targets;
  if (others.length > 0) {
    // Uptane 5.4.4.6(7): no component twice. A release holds all components of a device.
    throw new Refusal('assignment_ambiguous', `${others.length + 1} releases are assigned at once`);
  }
  return first && { path: first[0], file: first[1] };
}
