import { Failure } from '../failure.ts';
import type { World } from '../world.ts';

const MIN_LENGTH = 12;

/** The passphrase of keys that are there: from SEALIFT_PASSPHRASE, or asked for. */
export async function askPassphrase(world: World): Promise<string> {
  return world.env['SEALIFT_PASSPHRASE'] ?? (await prompt(world, 'Passphrase of the keys:'));
}

/** The passphrase of keys that are about to be made: asked for twice. */
export async function askNewPassphrase(world: World): Promise<string> {
  const fromEnv = world.env['SEALIFT_PASSPHRASE'];
  const passphrase = fromEnv ?? (await prompt(world, 'New passphrase for the keys:'));
  if (passphrase.length < MIN_LENGTH) {
    throw new Failure('passphrase_weak', `the passphrase has ${passphrase.length} characters`);
  }
  if (fromEnv === undefined && (await prompt(world, 'The same again:')) !== passphrase) {
    throw new Failure('passphrase_mismatch', 'the two passphrases differ');
  }
  return passphrase;
}

async function prompt({ askSecret }: World, question: string): Promise<string> {
  if (askSecret === undefined) {
    throw new Failure('no_passphrase', 'no passphrase is set and nobody is there to type one');
  }
  return askSecret(question);
}
