import { Failure } from '../failure.ts';
import type { Session } from './session.ts';

/** An option that answers yes in advance, for scripts. */
export interface ConsentOptions {
  readonly yes?: boolean;
}

/** Goes on only with a yes: typed by somebody who has seen what it is about, or given by `--yes`. */
export async function requireConsent(
  { world }: Session,
  options: ConsentOptions,
  question: string,
): Promise<void> {
  if (options.yes === true) return;
  if (world.confirm === undefined) {
    throw new Failure('confirmation_needed', 'nobody is there to say yes');
  }
  if (!(await world.confirm(question))) throw new Failure('not_confirmed', 'the answer was no');
}
