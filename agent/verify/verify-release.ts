import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleAsFetch, type Bundle } from '../../shared/protocol/bundle.ts';
import type { ReleaseRef } from '../../shared/protocol/report.ts';
import type { Manifest } from '../../shared/release/manifest.ts';
import { readConditions } from '../../shared/trust/manifest.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import type { FetchFile, MetadataStore, Repository } from '../../shared/trust/repository.ts';
import { verifyAssignment, type Verdict } from '../../shared/trust/verify-assignment.ts';
import { writeDurably } from '../install/durable-file.ts';
import type { ConditionDeps } from '../conditions/heed-conditions.ts';
import { waitStep } from '../conditions/waiting-state.ts';
import { countRepair, wantsRepair } from '../drift/repair.ts';
import type { FindInstaller } from '../install/installer.ts';
import type { Step } from '../run-update.ts';
import type { AgentState, Installed, PlannedArtifact, Update } from '../state/agent-state.ts';
import { refused } from '../state/endings.ts';
import { assignedPath } from './assigned-path.ts';
import { acceptArtifacts } from './accept-artifacts.ts';
import { requireNotFailed, requireSbom, type DevicePolicy } from './device-policy.ts';
import type { FloorsFile, RepositoryName } from './floors-file.ts';
import { requirePlausible } from './device-clock.ts';
import { openBundle, type Offer } from './offer.ts';
import { provenanceOf, requireNamedAttestation, requireTrustedBuilder } from './provenance.ts';

/** What verifying an offer needs. */
export interface VerifyDeps {
  readonly device: {
    readonly deviceId: string;
    readonly product: string;
    readonly hardwareId: string;
  };
  readonly policy: DevicePolicy;
  readonly findInstaller: FindInstaller;
  readonly conditions: ConditionDeps;
  /** Whether a release that has drifted may be installed anew. */
  readonly mayRepair: boolean;
  readonly firstRoots: Readonly<Record<RepositoryName, Uint8Array>>;
  readonly stores: Readonly<Record<RepositoryName, MetadataStore>>;
  readonly floors: FloorsFile;
  readonly fetchImage: FetchFile;
  readonly fetchBlob: (sha256: string, maxBytes: number) => Promise<Uint8Array>;
  /** Where verified manifests are kept, by their hash. */
  readonly manifests: string;
  readonly running: (state: AgentState) => Promise<Installed | null>;
  readonly now: () => Date;
  /** The time that this device goes by (device-clock.ts). */
  readonly deviceNow: () => Promise<Date>;
  readonly milliseconds: () => number;
  readonly builtAt: Date;
}

/** DESIGN §2, steps 1 to 6: everything that is checked before a byte of the artifact is asked for. */
export async function verifyRelease(
  deps: VerifyDeps,
  state: AgentState,
  offer: Offer,
): Promise<Step> {
  const offered = { ...state, offer: offer.sha256 };
  let bundle: Bundle | undefined;
  let release: ReleaseRef | null = null;
  try {
    bundle = openBundle(offer);
    const begun = deps.milliseconds();
    const { verdict, manifestBytes } = await verifyBundle(deps, state, { bundle, offer });
    requirePlausible(verdict.serverTime, deps.builtAt);
    await deps.floors.raise({ time: verdict.serverTime }); // only now: everything about it has held
    if (verdict.kind === 'nothing') return { outcome: 'nothing' };
    const { manifest, manifestSha256 } = verdict;
    release = { product: manifest.product, version: manifest.version, manifestSha256 };
    const running = await deps.running(state);
    const taken = takenUp(deps, offered, running, manifestSha256);
    if (taken === undefined) return runsAlready(verdict);
    requireNotFailed(state.failedReleases, manifest, manifestSha256);
    const artifacts = await acceptArtifacts(manifest, deps.findInstaller);
    await requirePolicy(deps, manifest);
    const conditions = readConditions(manifest);
    const candidate = { release, conditions, isHandedOver: offer.isHandedOver === true };
    const reasons = await deps.conditions.judge(candidate);
    if (reasons.length > 0) return waitStep(candidate, reasons, deps.now());
    await mkdir(deps.manifests, { recursive: true, mode: 0o700 });
    await writeDurably(join(deps.manifests, `${manifestSha256}.json`), manifestBytes);
    const verify = Math.round(deps.milliseconds() - begun);
    const { releaseCounter } = verdict;
    const update: Update = {
      ...updateOf(manifest, release, { artifacts, verify }),
      releaseCounter,
      conditions,
      ...(offer.isHandedOver === true && { isHandedOver: true }),
    };
    return { outcome: 'done', remember: () => ({ ...taken, update, failedOffer: null }) };
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    const path = bundle === undefined ? null : await assignedPath(bundle, deps.stores.director);
    const said = { refusal: cause, release, path };
    return { outcome: 'refused', remember: () => refused(offered, said, deps.now()) };
  }
}

async function verifyBundle(
  deps: VerifyDeps,
  state: AgentState,
  { bundle, offer }: { readonly bundle: Bundle; readonly offer: Offer },
): Promise<{ readonly verdict: Verdict; readonly manifestBytes: Uint8Array }> {
  const floors = await deps.floors.load();
  const startedAt = await deps.deviceNow(); // TUF 5.1: once
  let manifestBytes: Uint8Array = new Uint8Array();
  const fetchImage: FetchFile = async (name, maxBytes) => {
    const bytes = await deps.fetchImage(name, maxBytes);
    if (bytes !== undefined && name.startsWith('targets/')) manifestBytes = bytes;
    return bytes;
  };
  const repository = (name: RepositoryName, fetch: FetchFile): Repository => ({
    name,
    fetch,
    store: deps.stores[name],
    firstRoot: deps.firstRoots[name],
    startedAt,
  });
  const { deviceId, product, hardwareId } = deps.device;
  const { recalledReleases } = state;
  const securityEpoch = Math.max(floors.securityEpoch, state.securityEpoch);
  const releaseCounter = Math.max(floors.releaseCounter, state.releaseCounter);
  const verdict = await verifyAssignment({
    director: repository('director', bundleAsFetch(bundle)),
    image: repository('image', fetchImage),
    asked: { deviceId, nonce: offer.nonce, isHandedOver: offer.isHandedOver },
    device: { product, hardwareId, securityEpoch, releaseCounter, recalledReleases },
  });
  return { verdict, manifestBytes };
}

async function requirePolicy(deps: VerifyDeps, manifest: Manifest): Promise<void> {
  const { policy, fetchBlob } = deps;
  requireSbom(manifest, policy);
  if (policy.provenance === undefined) return;
  const envelopes: Uint8Array[] = [];
  for (const named of provenanceOf(manifest)) {
    const bytes = await fetchBlob(named.sha256, named.length);
    requireNamedAttestation(bytes, named);
    envelopes.push(bytes);
  }
  requireTrustedBuilder(envelopes, manifest, policy.provenance);
}

/** Undefined where it runs already, as it was signed or as nobody wants it repaired. */
function takenUp(
  { mayRepair }: VerifyDeps,
  state: AgentState,
  running: Installed | null,
  manifestSha256: string,
): AgentState | undefined {
  if (running?.release.manifestSha256 !== manifestSha256) return state;
  return wantsRepair(state, manifestSha256, mayRepair) ? countRepair(state) : undefined;
}

/** The author may have counted it up since: what devices left for it is older now. */
function runsAlready({ releaseCounter }: { readonly releaseCounter: number }): Step {
  const remember = (state: AgentState): AgentState => ({
    ...state,
    releaseCounter: Math.max(state.releaseCounter, releaseCounter),
  });
  return { outcome: 'nothing', remember };
}

function updateOf(
  manifest: Manifest,
  release: ReleaseRef,
  { artifacts, verify }: { readonly artifacts: PlannedArtifact[]; readonly verify: number },
): Omit<Update, 'releaseCounter'> {
  return {
    release,
    securityEpoch: manifest.securityEpoch,
    artifacts,
    slots: null,
    wakeUps: {},
    milliseconds: { verify, download: 0, trial: 0 },
  };
}
