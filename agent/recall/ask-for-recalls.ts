import { manifestPath } from '../../shared/release/names.ts';
import { findTarget } from '../../shared/trust/find-target.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { refresh } from '../../shared/trust/refresh.ts';
import type { Repository } from '../../shared/trust/repository.ts';
import { Unreachable } from '../link/unreachable.ts';
import type { Log } from '../log.ts';
import { recallsInRole } from './recalls-in-role.ts';

/** What asking needs. */
export interface AskDeps {
  readonly product: string;
  /** The image repository as of now. */
  readonly image: () => Promise<Repository>;
  readonly log: Log;
}

/** A path that every product has, so that looking it up verifies the newest role of the product. */
const ANY_VERSION = 'any';

/**
 * What the author has recalled by now, as far as anybody can be asked. Without an answer that holds it
 * is what was known before: a server that is away stops no update that was verified, and one that lies
 * can hide a recall only until its metadata expires.
 */
export async function askForRecalls({ product, image, log }: AskDeps): Promise<readonly string[]> {
  const repository = await image();
  try {
    await findTarget(repository, await refresh(repository), manifestPath(product, ANY_VERSION));
  } catch (cause) {
    if (!(cause instanceof Refusal) && !(cause instanceof Unreachable)) throw cause;
    log('recalls_unknown', { detail: cause.message });
  }
  return recallsInRole(repository.store, product);
}
