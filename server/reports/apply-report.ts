import { manifestPath } from '../../shared/release/names.ts';
import type {
  Report,
  ReportEvent,
  Running,
  RunningComponent,
} from '../../shared/protocol/report.ts';
import type { AssignmentState } from '../rollouts/counters.ts';

/** The release that a device is assigned, as its published manifest has it. */
export interface AssignedRelease {
  readonly product: string;
  readonly version: string;
  readonly manifestSha256: string;
  readonly securityEpoch: number;
  /** What must stand on the device, where the author signed it of every artifact. */
  readonly installedSha256: string | undefined;
  /** The same of each, in the order of the manifest. */
  readonly components: readonly SignedComponent[];
}

/** A component of a release, with what the author signed for what stands of it, if anything. */
export interface SignedComponent {
  readonly component: string;
  readonly installedSha256: string | undefined;
}

/** What the server knows of a device and of its assignment before a report. */
export interface Known {
  readonly securityEpoch: number;
  readonly provenManifestSha256: string | null;
  readonly assignment:
    { readonly state: AssignmentState; readonly release: AssignedRelease } | undefined;
}

/** What a report changes. What is undefined stays as it is. */
export interface Effects {
  readonly assignment:
    | {
        readonly state: AssignmentState;
        readonly code: string | null;
        readonly detail: string | null;
      }
    | undefined;
  readonly device: {
    readonly securityEpoch?: number;
    readonly provenManifestSha256?: string | null;
    /** What stood of each component by that proof. */
    readonly provenComponents?: readonly RunningComponent[] | null;
    readonly desiredManifestSha256?: string | null;
  };
}

const NOTHING_PROVEN = { provenManifestSha256: null, provenComponents: null } as const;
const NOTHING: Effects = { assignment: undefined, device: {} };

/**
 * What one verified report means. What runs is the edge's to copy; here is only what it means for the
 * assignment, so a report about another release means nothing.
 */
export function applyReport(known: Known, report: Report): Effects {
  const { assignment } = known;
  if (assignment === undefined || assignment.state === 'withdrawn') return NOTHING;
  const { state, release } = assignment;
  if (state === 'proven' && hasFallenBack(report, release)) return fallenBack(report);
  return isAbout(report.event, release) ? applyEvent(known, { state, release, report }) : NOTHING;
}

interface Heard {
  readonly state: AssignmentState;
  readonly release: AssignedRelease;
  readonly report: Report;
}

/** Events that tell something of the device, and nothing of how its update stands. */
const ASIDE = ['started', 'recalled', 'noticed', 'waiting', 'drift'] as const;
type Aside = Extract<ReportEvent, { readonly kind: (typeof ASIDE)[number] }>;

function isAside(event: ReportEvent): event is Aside {
  return ASIDE.some((kind) => kind === event.kind);
}

function applyEvent(known: Known, { state, release, report }: Heard): Effects {
  const { event } = report;
  if (isAside(event)) return NOTHING;
  switch (event.kind) {
    case 'stage':
      return moved(state, STAGES[event.stage]);
    case 'receipt':
      return receipt(known, release, report);
    case 'refused':
      return ended(known, event.kind, event.code, event.detail);
    case 'failed':
    case 'rolled_back':
      return ended(known, event.kind, event.reason, event.detail);
  }
}

const STAGES = {
  verifying: 'installing',
  downloading: 'installing',
  installing: 'installing',
  activating: 'trial',
  trial: 'trial',
  committing: 'trial',
  rolling_back: 'trial', // the report that it has rolled back is still to come
} as const satisfies Record<
  Extract<ReportEvent, { readonly kind: 'stage' }>['stage'],
  AssignmentState
>;

/** Only a device that has not answered yet moves through stages: proof and failure stand. */
function moved(state: AssignmentState, to: AssignmentState): Effects {
  const underWay = state === 'offered' || state === 'installing' || state === 'trial';
  if (!underWay || state === to) return NOTHING;
  return { assignment: { state: to, code: null, detail: null }, device: {} };
}

function receipt(known: Known, release: AssignedRelease, { running }: Report): Effects {
  if (running?.release.manifestSha256 !== release.manifestSha256) {
    const found = running?.release.version ?? 'nothing';
    return ended(known, 'failed', 'receipt_not_running', `the receipt says that ${found} runs`);
  }
  const provenComponents = componentsOf(running, release);
  const detail = digestFault(running, release, provenComponents);
  if (detail !== undefined) return ended(known, 'failed', 'installed_digest_mismatch', detail);
  return {
    assignment: { state: 'proven', code: null, detail: null },
    device: {
      provenManifestSha256: release.manifestSha256,
      provenComponents,
      desiredManifestSha256: release.manifestSha256,
      securityEpoch: Math.max(known.securityEpoch, release.securityEpoch),
    },
  };
}

/** A device of one component does not list it: its digest is the whole. */
function componentsOf(
  { components, installedSha256 }: Running,
  release: AssignedRelease,
): readonly RunningComponent[] {
  const [only, ...others] = release.components;
  if (components !== undefined || only === undefined || others.length > 0) return components ?? [];
  return [{ component: only.component, installedSha256 }];
}

/** What of the measured digests is not as the author signed it, as a sentence. */
function digestFault(
  { installedSha256 }: Running,
  release: AssignedRelease,
  measured: readonly RunningComponent[],
): string | undefined {
  const differs = (found: string | null | undefined, signed: string): string =>
    `measured ${found ?? 'nothing'}, the author signed ${signed}`;
  for (const { component, installedSha256: signed } of release.components) {
    const found = measured.find((each) => each.component === component)?.installedSha256;
    if (signed === undefined || found === signed) continue;
    return release.components.length === 1
      ? differs(found, signed)
      : `${component}: ${differs(found, signed)}`;
  }
  const signed = release.installedSha256;
  return signed === undefined || signed === installedSha256
    ? undefined
    : differs(installedSha256, signed);
}

type Ending = 'failed' | 'refused' | 'rolled_back';

function ended(known: Known, state: Ending, code: string, detail: string): Effects {
  const proven = known.assignment?.state === 'proven';
  // It runs what it proved, so an attempt to install that again and its end take nothing away.
  if (proven && state !== 'rolled_back') return NOTHING;
  // A release that was proven and then left is nothing to lead back to.
  const back = proven ? null : known.provenManifestSha256;
  return {
    assignment: { state, code, detail },
    device: {
      desiredManifestSha256: back,
      ...(proven ? NOTHING_PROVEN : {}),
    },
  };
}

/** A device that proved the release runs something else now, whatever it reports about. */
function hasFallenBack({ running, event }: Report, release: AssignedRelease): boolean {
  if (running === null) return event.kind === 'started';
  return running.release.manifestSha256 !== release.manifestSha256;
}

function fallenBack({ running, event }: Report): Effects {
  const told = event.kind === 'rolled_back' ? event : undefined;
  const found = running?.release.version ?? 'nothing';
  return {
    assignment: {
      state: 'rolled_back',
      code: told?.reason ?? 'drift',
      detail: told?.detail ?? `runs ${found} after it had proven the release`,
    },
    device: { ...NOTHING_PROVEN, desiredManifestSha256: null },
  };
}

function isAbout(event: ReportEvent, release: AssignedRelease): boolean {
  if (event.kind === 'started' || event.kind === 'noticed') return false;
  if (event.kind === 'refused' && event.release === null) {
    // Refused before its manifest was verified: the path of the target is all there is.
    return event.path === manifestPath(release.product, release.version);
  }
  return event.release?.manifestSha256 === release.manifestSha256;
}
