import { describe, expect, test } from 'vitest';
import type { ReportEvent, Running } from '../../../shared/protocol/report.ts';
import {
  applyReport,
  type AssignedRelease,
  type Known,
} from '../../../server/reports/apply-report.ts';
import type { AssignmentState } from '../../../server/rollouts/counters.ts';
import { installedDigest } from '../../../shared/release/installed-digest.ts';
import { installedOf, report, running } from '../../support/fleet.ts';

const NEW = 'b'.repeat(64);
const OLD = 'a'.repeat(64);
const release: AssignedRelease = {
  product: 'gateway',
  version: '2.0.0',
  manifestSha256: NEW,
  securityEpoch: 3,
  installedSha256: installedOf('2.0.0'),
  components: [{ component: 'firmware', installedSha256: installedOf('2.0.0') }],
};
const UNSIGNED: AssignedRelease = {
  ...release,
  installedSha256: undefined,
  components: [{ component: 'firmware', installedSha256: undefined }],
};
const ref = { product: 'gateway', version: '2.0.0', manifestSha256: NEW };
const other = { product: 'gateway', version: '1.0.0', manifestSha256: OLD };

function known(state: AssignmentState, proven: string | null = OLD): Known {
  return { securityEpoch: 1, provenManifestSha256: proven, assignment: { state, release } };
}

function apply(before: Known, event: ReportEvent, runs: Running | null = running('2.0.0', NEW)) {
  return applyReport(before, report('d0', 1, event, runs));
}

const receipt: ReportEvent = {
  kind: 'receipt',
  release: ref,
  verifyMilliseconds: 1,
  downloadMilliseconds: 1,
  trialMilliseconds: 1,
};
const nothing = { assignment: undefined, device: {} };

describe('a receipt', () => {
  test.each(['offered', 'installing', 'trial', 'failed', 'refused', 'rolled_back'] as const)(
    'proves an assignment that was %s, and raises the epoch',
    (state) => {
      expect(apply(known(state), receipt)).toEqual({
        assignment: { state: 'proven', code: null, detail: null },
        device: {
          provenManifestSha256: NEW,
          provenComponents: [{ component: 'firmware', installedSha256: installedOf('2.0.0') }],
          desiredManifestSha256: NEW,
          securityEpoch: 3,
        },
      });
    },
  );

  test('never lowers the epoch', () => {
    const effects = apply({ ...known('trial'), securityEpoch: 9 }, receipt);
    expect(effects.device.securityEpoch).toBe(9);
  });

  test('proves nothing when another digest was measured than the author signed', () => {
    const runs = { ...running('2.0.0', NEW), installedSha256: 'c'.repeat(64) };
    expect(apply(known('trial'), receipt, runs)).toMatchObject({
      assignment: { state: 'failed', code: 'installed_digest_mismatch' },
      device: { desiredManifestSha256: OLD },
    });
  });

  test('proves nothing when nothing was measured though the author signed a digest', () => {
    const runs = { ...running('2.0.0', NEW), installedSha256: null };
    expect(apply(known('trial'), receipt, runs).assignment?.code).toBe('installed_digest_mismatch');
  });

  describe('of a release of several components', () => {
    const signed = [
      { component: 'kernel', installedSha256: 'd'.repeat(64) },
      { component: 'app', installedSha256: 'e'.repeat(64) },
    ];
    const installedSha256 = installedDigest(signed);
    const several: AssignedRelease = { ...release, installedSha256, components: signed };
    const before: Known = { ...known('trial'), assignment: { state: 'trial', release: several } };
    const runs = (components: Running['components'], digest = installedSha256): Running => ({
      ...running('2.0.0', NEW),
      installedSha256: digest,
      ...(components && { components }),
    });

    test('proves each of them', () => {
      expect(apply(before, receipt, runs(signed))).toMatchObject({
        assignment: { state: 'proven' },
        device: { provenComponents: signed },
      });
    });

    test.each([
      ['one measures otherwise', [signed[0], { component: 'app', installedSha256: NEW }], /^app: /],
      ['one was not measured', [signed[0], { component: 'app', installedSha256: null }], /^app: /],
      ['one is not listed', [signed[0], { ...signed[1], component: 'other' }], /^app: .*nothing/],
      ['none is listed', undefined, /^kernel: .*nothing/],
    ])('proves nothing when %s, and says which', (_, components, says) => {
      const { assignment, device } = apply(
        before,
        receipt,
        runs(components as Running['components']),
      );
      expect(assignment).toMatchObject({ state: 'failed', code: 'installed_digest_mismatch' });
      expect(assignment?.detail).toMatch(says);
      expect(device).not.toHaveProperty('provenManifestSha256');
    });

    test('proves nothing when the whole is not what its parts make', () => {
      expect(apply(before, receipt, runs(signed, 'f'.repeat(64))).assignment?.code).toBe(
        'installed_digest_mismatch',
      );
    });
  });

  test('proves a release whose manifest has no digest to measure', () => {
    const before = known('trial');
    const loose: Known = {
      ...before,
      assignment: { state: 'trial', release: UNSIGNED },
    };
    const runs = { ...running('2.0.0', NEW), installedSha256: null };
    expect(apply(loose, receipt, runs).assignment?.state).toBe('proven');
  });

  test.each([
    ['another release runs', running('1.0.0', OLD)],
    ['nothing runs', null],
  ])('proves nothing when %s', (_name, runs) => {
    expect(apply(known('trial'), receipt, runs)).toMatchObject({
      assignment: { state: 'failed', code: 'receipt_not_running' },
    });
  });

  test('of another release means nothing for the assignment', () => {
    expect(apply(known('offered'), { ...receipt, release: other }, running('1.0.0', OLD))).toEqual(
      nothing,
    );
  });

  test('after the assignment was withdrawn means nothing for it', () => {
    expect(apply(known('withdrawn'), receipt)).toEqual(nothing);
  });

  test('of a device without an assignment means nothing', () => {
    const nobody = { securityEpoch: 0, provenManifestSha256: null, assignment: undefined };
    expect(apply(nobody, receipt)).toEqual(nothing);
  });
});

describe('a stage', () => {
  test.each([
    ['verifying', 'installing'],
    ['downloading', 'installing'],
    ['installing', 'installing'],
    ['activating', 'trial'],
    ['trial', 'trial'],
    ['committing', 'trial'],
    ['rolling_back', 'trial'],
  ] as const)('%s shows the assignment as %s', (stage, state) => {
    const effects = apply(known('offered'), { kind: 'stage', release: ref, stage }, null);
    expect(effects.assignment?.state).toBe(state);
  });

  test.each(['proven', 'failed', 'refused', 'rolled_back', 'withdrawn'] as const)(
    'does not take back what is %s',
    (state) => {
      const event: ReportEvent = { kind: 'stage', release: ref, stage: 'installing' };
      expect(apply(known(state), event)).toEqual(nothing);
    },
  );
});

describe('an end', () => {
  const failed = { release: ref, stage: 'trial', reason: 'health', detail: 'probe 1' } as const;

  test.each([
    ['failed', { kind: 'failed', ...failed }, 'health'],
    ['rolled_back', { kind: 'rolled_back', ...failed }, 'health'],
    [
      'refused',
      { kind: 'refused', release: ref, path: null, code: 'hardware_mismatch', detail: 'probe 1' },
      'hardware_mismatch',
    ],
  ] as const)(
    '%s is kept with its reason, and leads back to what was proven',
    (state, event, code) => {
      expect(apply(known('installing'), event, null)).toEqual({
        assignment: { state, code, detail: 'probe 1' },
        device: { desiredManifestSha256: OLD },
      });
    },
  );

  test('leads back to nothing on a device that never proved anything', () => {
    const effects = apply(known('installing', null), { kind: 'failed', ...failed }, null);
    expect(effects.device).toEqual({ desiredManifestSha256: null });
  });

  test('refused by its path counts when the manifest was never read', () => {
    const path = 'gateway/2.0.0/manifest.json';
    const event = {
      kind: 'refused',
      release: null,
      code: 'release_not_signed',
      detail: '',
    } as const;
    expect(apply(known('offered'), { ...event, path }, null).assignment?.state).toBe('refused');
    expect(apply(known('offered'), { ...event, path: 'gateway/1/manifest.json' }, null)).toEqual(
      nothing,
    );
    expect(apply(known('offered'), { ...event, path: null }, null)).toEqual(nothing);
  });

  test('of trying again what it has proven takes nothing away while that still runs', () => {
    expect(apply(known('proven', NEW), { kind: 'failed', ...failed })).toEqual(nothing);
  });
});

describe('a device that proved the release', () => {
  test('stops counting when it starts with another one', () => {
    expect(apply(known('proven', NEW), { kind: 'started' }, running('1.0.0', OLD))).toEqual({
      assignment: {
        state: 'rolled_back',
        code: 'drift',
        detail: 'runs 1.0.0 after it had proven the release',
      },
      device: { provenManifestSha256: null, provenComponents: null, desiredManifestSha256: null },
    });
  });

  test('stops counting when it reports that it went back, with its reason', () => {
    const event = {
      kind: 'rolled_back',
      release: ref,
      stage: 'trial',
      reason: 'interrupted',
      detail: 'watchdog',
    } as const;
    expect(apply(known('proven', NEW), event, running('1.0.0', OLD)).assignment).toEqual({
      state: 'rolled_back',
      code: 'interrupted',
      detail: 'watchdog',
    });
  });

  test('goes on counting when it starts with what it proved', () => {
    expect(apply(known('proven', NEW), { kind: 'started' })).toEqual(nothing);
  });

  test('counts again when it proves it again', () => {
    expect(apply(known('rolled_back', null), receipt).assignment?.state).toBe('proven');
  });
});
