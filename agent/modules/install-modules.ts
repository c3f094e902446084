import { join } from 'node:path';
import { Refusal } from '../../shared/trust/refusal.ts';
import { hasCode } from '../install/durable-file.ts';
import { measureTree } from '../install/measure-tree.ts';
import { installedDigestIfKnown } from '../../shared/release/installed-digest.ts';
import type { Step } from '../run-update.ts';
import { slotsOf, updateOf, withSlot, type AgentState } from '../state/agent-state.ts';
import { askDigest } from './ask-digest.ts';
import { staysInSlot, withPlaced } from './in-place.ts';
import type { ModuleDeps } from './module-deps.ts';
import { ModuleFailure } from './module-failure.ts';
import { RebootWish, type ModuleEntry } from './module-journal.ts';
import { requireUninterrupted, type ModuleLog } from './module-log.ts';
import { nameOf } from './module-runner.ts';
import { rebootDevice } from './reboot-device.ts';
import { strangeAnswer } from './stage-payload.ts';

/**
 * What the modules do while the device is activated: `ArtifactInstall` of each, in order, then their
 * reboots, then the switch of the slot, which may reboot the device itself, then
 * `ArtifactVerifyReboot`. Called again after a planned reboot, it goes on where it was.
 */
export async function installModules(
  deps: ModuleDeps,
  log: ModuleLog,
  switchSlot: () => Promise<Step>,
): Promise<Step> {
  requireUninterrupted(log);
  for (const entry of log.entries()) {
    if (entry.phase === 'staged') await installOne(deps, log, entry);
  }
  for (const entry of log.entries()) {
    if (entry.phase === 'installed') await rebootOne(deps, log, entry);
  }
  const step = await switchSlot();
  if (step.outcome !== 'done') return step;
  await rebootDevice(deps, isDeviceToReboot(deps, log));
  for (const entry of log.entries()) {
    if (entry.phase === 'rebooting') await verifyOne(deps, log, entry);
  }
  return step;
}

async function installOne(
  { runner, treeOf }: ModuleDeps,
  log: ModuleLog,
  entry: ModuleEntry,
): Promise<void> {
  await requireSameFiles(treeOf(entry.component), entry);
  await log.note({ ...entry, phase: 'installing' });
  await runner.run(entry, 'ArtifactInstall');
  const answer = await runner.ask(entry, 'NeedsArtifactReboot');
  const wish = RebootWish.safeParse(answer === '' ? 'No' : answer);
  if (!wish.success) throw strangeAnswer(entry, 'NeedsArtifactReboot', answer);
  const phase = wish.data === 'No' ? 'ready' : 'installed';
  await log.note({ ...entry, phase, reboot: wish.data });
}

/** They were verified and have lain on this disk since, perhaps over a power cut. */
async function requireSameFiles(tree: string, entry: ModuleEntry): Promise<void> {
  if (entry.filesSha256 === null) return;
  if ((await digestOfFiles(tree)) === entry.filesSha256) return;
  const detail = `the files of ${nameOf(entry)} are not those that were verified any more`;
  throw new ModuleFailure('module_interrupted', detail);
}

async function digestOfFiles(tree: string): Promise<string | undefined> {
  try {
    return await measureTree(join(tree, 'files'), 'read');
  } catch (cause) {
    if (cause instanceof Refusal || hasCode(cause, 'ENOENT')) return undefined;
    throw cause;
  }
}

async function rebootOne(
  { runner, bootId }: ModuleDeps,
  log: ModuleLog,
  entry: ModuleEntry,
): Promise<void> {
  await log.note({ ...entry, phase: 'rebooting', askedIn: bootId });
  if (entry.reboot === 'Yes') await runner.run(entry, 'ArtifactReboot');
}

/** The switch of the slot may have rebooted it already: one reboot is enough for everybody. */
function isDeviceToReboot({ bootId }: ModuleDeps, log: ModuleLog): boolean {
  return log
    .entries()
    .some(
      ({ phase, reboot, askedIn }) =>
        phase === 'rebooting' && reboot === 'Automatic' && askedIn === bootId,
    );
}

async function verifyOne(
  { runner }: ModuleDeps,
  log: ModuleLog,
  entry: ModuleEntry,
): Promise<void> {
  await log.note({ ...entry, phase: 'verifying' });
  await runner.run(entry, 'ArtifactVerifyReboot');
  await log.note({ ...entry, phase: 'ready' });
}

/**
 * What stands of each component now, by its module's own word. The word is bounded by what the author
 * signed; where the author signed nothing it is passed on as the module's.
 */
export async function digestsOf(
  { runner }: Pick<ModuleDeps, 'runner'>,
  state: AgentState,
  log: ModuleLog,
): Promise<ReadonlyMap<string, string | null>> {
  const { artifacts } = updateOf(state);
  const digests = new Map<string, string | null>();
  for (const entry of log.entries()) {
    const { component } = entry;
    const said = (await askDigest(runner, entry)) ?? null;
    const signed = artifacts.find((artifact) => artifact.component === component)?.installed;
    if (signed && said !== signed.sha256) {
      throw new ModuleFailure(
        'module_digest',
        `${nameOf(entry)} says that ${said ?? 'nothing'} stands there, ${signed.sha256} was signed`,
      );
    }
    digests.set(component, said);
  }
  return digests;
}

/** Notes them of the slot that is on trial. */
export function withDigests(
  state: AgentState,
  digests: ReadonlyMap<string, string | null>,
): AgentState {
  const { to } = slotsOf(state);
  const tried = staysInSlot(state) ? withPlaced(state) : state;
  const installed = tried.slots[to];
  if (installed === null) throw new Error('bug: activated a slot in which nothing stands');
  const components = installed.components.map((each) => {
    const digest = digests.get(each.component);
    return digest === undefined ? each : { ...each, installedSha256: digest };
  });
  const installedSha256 = installedDigestIfKnown(components);
  return withSlot(tried, to, { ...installed, components, installedSha256 });
}
