import { REFUSALS } from '../shared/refusals/refusals.ts';
import { Refusal } from '../shared/trust/refusal.ts';
import { Failure, FAILURES } from './failure.ts';
import { ServerError } from './operate/server-error.ts';

/** An error as it is shown: what happened, and what to do next. */
export interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

/** Any error as a person and a script can use it. Never a stack: that is for our bugs only. */
export function explain(error: unknown): Explanation {
  if (error instanceof Failure) {
    return { code: error.code, message: error.message, next: FAILURES[error.code] };
  }
  if (error instanceof Refusal) {
    return {
      code: error.code,
      message: `refused: ${error.message} (${REFUSALS[error.code].says})`,
      next: 'Nothing was signed. Find out why the server shows this before you go on.',
    };
  }
  if (error instanceof ServerError) {
    return { code: error.code, message: error.message, next: nextAfter(error) };
  }
  return {
    code: systemCodeOf(error) ?? 'internal',
    message: error instanceof Error ? error.message : String(error),
    next: 'If this looks like a fault of the program, report it with the command that you ran.',
  };
}

function nextAfter({ status, code }: ServerError): string {
  return NEXT_BY_CODE.get(code) ?? NEXT_BY_STATUS.get(status) ?? 'Mend what the server names.';
}

const NEXT_BY_CODE: ReadonlyMap<string, string> = new Map([
  ['version_conflict', 'Somebody else published at the same time. Run the command again.'],
  ['rollout_running', 'End the live rollout of the product first: sealift rollout abort ID.'],
  ['release_counter_lower', 'Let devices go back to it: sealift release reissue PRODUCT VERSION.'],
  ['release_recalled', 'A recall is final. Roll out another release: sealift release list.'],
  ['no_devices', 'No accepted device fits this release. See: sealift device list.'],
  ['blob_hash_mismatch', 'The file changed while it was uploaded. Run the command again.'],
  ['event_overlaps', 'Sign or withdraw the other event first: sealift event list.'],
  ['event_stale', 'Something else was published meanwhile. Withdraw the event and open it again.'],
  ['event_closed', 'See what is open: sealift event list.'],
  ['unknown_event', 'See what is open: sealift event list.'],
  ['signature_unknown', 'This key does not count here. See who must sign: sealift event show ID.'],
  [
    'offline_not_granted',
    'Take fewer days, or let the holders of the director root allow more: sealift keys offline DAYS.',
  ],
  ['device_unfit', 'Leave that device out, or see: sealift device show ID.'],
  ['unknown_release', 'See what is published: sealift release list.'],
]);

const NEXT_BY_STATUS: ReadonlyMap<number, string> = new Map([
  [401, 'The token is wrong or has expired. Run `sealift login` with a new one.'],
  [403, 'Use a token whose role may do this.'],
  [404, 'Check the name.'],
  [429, 'Wait a little, then run the command again.'],
  [500, 'Look at the log of the server.'],
  [502, 'The server is not ready. Run the command again.'],
  [503, 'The server is not ready. Run the command again.'],
]);

function systemCodeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code.toLowerCase() : undefined;
}
