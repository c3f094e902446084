import * as z from 'zod';
import { everybodyRefuses } from '../everybody-refuses.ts';
import type { Firmware } from '../firmware.ts';
import { PRODUCT, type Fleet } from '../fleet.ts';
import type { Happening, Told } from '../stage.ts';

/**
 * A genuine release from before the security epoch that the fleet has committed. Its author even counts
 * it up again, without which the server would not offer it: the epoch holds all the same.
 */
export async function offerOlderRelease(
  fleet: Fleet,
  release: Firmware,
): Promise<Told<readonly Happening[]>> {
  const { version, securityEpoch } = release;
  const reissue = [
    'release',
    'reissue',
    PRODUCT,
    version,
    '--reason',
    'to show that it is refused',
  ];
  await fleet.author.ask(z.looseObject({ state: z.literal('published') }), ...reissue);
  const refused = await everybodyRefuses(fleet, version, 'security_epoch_rolled_back');
  return {
    says: `all ${refused.by.length} devices refused ${version}: ${refused.code}, although its signatures are good`,
    facts: { version, securityEpoch, refusedBy: refused.by, code: refused.code, installed: 0 },
    value: refused.happenings,
  };
}
