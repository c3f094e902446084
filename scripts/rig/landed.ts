/** Where a power cut fell. */
export type Landed =
  | 'download'
  | 'slot write'
  | 'read-back'
  | 'environment write'
  | 'activation'
  | 'boot of the old release'
  | 'first boot'
  | 'start of the agent'
  | 'trial'
  | 'commit'
  | 'rollback'
  | 'at rest';

/** What is known when the power has gone. */
export interface Evidence {
  /** What the board has said since the update was offered. */
  readonly sinceOffer: string;
  /** The part of it since the power came last. */
  readonly sincePowerOn: string;
  /** The slot that ran when the update was offered. */
  readonly oldSlot: string;
  /** Whether the board's disk was only read when the power went. */
  readonly onlyReads: boolean;
}

const SAID =
  /##(SETENV begin|SETENV end|ENV|BOOT|INIT|READY)|"event":"(update_committed|update_rolled_back|update_failed|update_refused)"|"event":"(?:stage_entered)"[^\n]*"stage":"(\w+)"/g;

const STAGES: Readonly<Record<string, Landed>> = {
  downloading: 'download',
  activating: 'activation',
  trial: 'trial',
  committing: 'commit',
  rolling_back: 'rollback',
};

/** Where the board stood, by the last thing it said. */
export function landedAt(evidence: Evidence): Landed {
  const { sincePowerOn } = evidence;
  const last = saidIn(sincePowerOn).at(-1);
  switch (last) {
    case 'SETENV begin':
      return 'environment write';
    case undefined: // not even U-Boot had begun
    case 'ENV':
    case 'BOOT':
    case 'INIT':
      return bootOf(evidence);
    case 'READY':
      return 'start of the agent';
    default:
      return workOf(evidence);
  }
}

function bootOf({ sincePowerOn, sinceOffer, oldSlot }: Evidence): Landed {
  const slots = [...sincePowerOn.matchAll(/##BOOT slot=([AB])/g)];
  const slot = slots.at(-1)?.[1];
  if (slot !== undefined) return slot === oldSlot ? 'boot of the old release' : 'first boot';
  return stageOf(sinceOffer) === 'activating' ? 'first boot' : 'boot of the old release';
}

function workOf({ sinceOffer, onlyReads }: Evidence): Landed {
  const stage = stageOf(sinceOffer);
  if (stage === 'installing') return onlyReads ? 'read-back' : 'slot write';
  return STAGES[stage ?? ''] ?? 'at rest';
}

/** The last stage that was entered; none when the update has ended. */
function stageOf(serial: string): string | undefined {
  return saidIn(serial)
    .filter((said) => said in STAGES || said === 'installing' || said.startsWith('update_'))
    .at(-1);
}

function saidIn(serial: string): readonly string[] {
  return [...serial.matchAll(SAID)].map((said) => said.slice(1).find(Boolean) ?? '');
}
