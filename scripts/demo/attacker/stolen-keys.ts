import { join } from 'node:path';
import type { Signer } from '../../../shared/crypto/signer.ts';
import { loadOnlineKeys } from '../../../server/keys/first-keys.ts';
import type { OnlineKeys } from '../../../server/keys/online-keys.ts';

/** Every private key that whoever breaks into the server finds there. */
export async function stealKeys(dataFolder: string): Promise<OnlineKeys> {
  return loadOnlineKeys(join(dataFolder, 'keys'), () => {
    throw new Error('bug: there was a key missing that could have been stolen');
  });
}

/** All of them: a forger signs with whatever is at hand. */
export function everyKey({ image, director }: OnlineKeys): readonly Signer[] {
  return [
    ...[image.snapshot, image.timestamp],
    ...[director.targets, director.snapshot, director.timestamp],
  ];
}
