import { Refusal } from '../shared/trust/refusal.ts';
import type { BundleLink } from './link/bundle-link.ts';
import type { OpenAgent } from './open-agent.ts';
import { announceStart, resumeInterrupted, takeUp, type RunEnd } from './run-agent.ts';
import { startSession } from './session.ts';
import { Stopped } from './stopped.ts';
import { handedOver } from './verify/offer.ts';

/**
 * Installs what a bundle brings, by the machine and the checks of every other update, and without any
 * server: finishes what was interrupted, takes up the word for this device, and leaves what happened
 * in the outbox for the next `run`.
 */
export async function installBundle(agent: OpenAgent, bundle: BundleLink): Promise<RunEnd> {
  const session = startSession(agent);
  try {
    await announceStart(session);
    await resumeInterrupted(session);
    await requireClock(agent);
    return await takeUp(session, handedOver(await bundle.word(agent.config.deviceId)));
  } catch (cause) {
    if (cause instanceof Stopped) return 'stopped';
    throw cause;
  } finally {
    agent.close();
  }
}

/** A9: nobody here can answer a nonce, so without a clock a bundle would never grow old. */
async function requireClock({ clock, config }: OpenAgent): Promise<void> {
  const standing = await clock.standing();
  if (standing === 'trusted' || config.offline.withoutClock) return;
  throw new Refusal(
    'clock_untrusted',
    `this device does not go by its clock (${standing}): set it, or allow offline.withoutClock`,
  );
}
