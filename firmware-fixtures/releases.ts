/** What a release says of itself; the same bytes lie inside the archive and beside it. */
export interface ReleaseFacts {
  readonly product: string;
  readonly version: string;
  readonly hardwareIds: readonly string[];
  readonly securityEpoch: number;
  readonly class: 'security' | 'functional' | 'recovery';
  readonly notes: string;
}

/** A release to build: its facts, and what the archive needs besides. */
export interface FixtureRelease {
  readonly facts: ReleaseFacts;
  /** Tells the folder of a release apart from a sound one of the same version. */
  readonly suffix?: string;
  /** When the pretended builder finished: fixed, so that the provenance is repeatable. */
  readonly builtAt: Date;
  /** The service answers 503 unless all of these are in the archive. */
  readonly requiredFiles: readonly string[];
}

const BOARDS = ['rpi3', 'rpi4'] as const;
const FIRMWARE = BOARDS.map((board) => `firmware/${board}/bl31.bin`);

/** Every release of the fixtures, as data. What each is for stands in its notes. */
export const RELEASES: readonly FixtureRelease[] = [
  {
    facts: gateway('1.0.0', { notes: 'First release. Good.' }),
    builtAt: new Date('2026-01-12T09:00:00Z'),
    requiredFiles: FIRMWARE,
  },
  {
    facts: gateway('1.1.0', {
      notes: 'Unhealthy: needs a calibration table that nobody packed, so /healthz answers 503.',
    }),
    builtAt: new Date('2026-02-09T09:00:00Z'),
    requiredFiles: [...FIRMWARE, 'firmware/calibration.bin'],
  },
  {
    facts: gateway('1.2.0', {
      securityEpoch: 2,
      class: 'security',
      notes: 'Good. Mends 1.1.0 and closes the door on everything before it: security epoch 2.',
    }),
    builtAt: new Date('2026-03-09T09:00:00Z'),
    requiredFiles: FIRMWARE,
  },
  {
    facts: gateway('1.0.1', {
      notes: 'Good and genuine, but of security epoch 1: refused by a device that committed 1.2.0.',
    }),
    suffix: 'old',
    builtAt: new Date('2026-01-26T09:00:00Z'),
    requiredFiles: FIRMWARE,
  },
  {
    facts: gateway('1.3.0', {
      hardwareIds: ['imx8mn'],
      securityEpoch: 2,
      notes: 'Good and genuine, but for another board: refused by a Raspberry Pi.',
    }),
    suffix: 'wrong-hardware',
    builtAt: new Date('2026-04-13T09:00:00Z'),
    requiredFiles: FIRMWARE,
  },
];

/** The folder of a release: `gateway-1.0.1-old`. */
export function folderNameOf(release: FixtureRelease): string {
  const { product, version } = release.facts;
  return [product, version, release.suffix].filter((part) => part !== undefined).join('-');
}

function gateway(version: string, changes: Partial<ReleaseFacts>): ReleaseFacts {
  return {
    product: 'gateway',
    version,
    hardwareIds: BOARDS,
    securityEpoch: 1,
    class: 'functional',
    notes: '',
    ...changes,
  };
}
