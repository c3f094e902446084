import { acceptDirectorTargets } from '../../shared/trust/director.ts';
import { memoryStore } from '../../shared/trust/memory-store.ts';
import { refresh } from '../../shared/trust/refresh.ts';
import { directorFiles, type DirectorSigners } from './director-files.ts';

const NOBODY = 'a-device-that-does-not-exist';

/**
 * Whether a device that starts from this root would take our word: signs one as for a device and lets
 * the device's verifier judge. Throws its refusal.
 */
export async function tryDirector(
  firstRoot: Uint8Array,
  now: Date,
  signers: DirectorSigners,
): Promise<void> {
  const word = { deviceId: NOBODY, version: 1, target: undefined, now };
  const files = await directorFiles(word, signers);
  const { targets, root } = await refresh({
    name: 'director',
    fetch: (name) => Promise.resolve(files.get(name)),
    store: memoryStore(),
    firstRoot,
    startedAt: now,
  });
  acceptDirectorTargets(targets, root, { deviceId: NOBODY, nonce: undefined });
}
