import type { Step } from '../run-update.ts';
import type { ModuleDeps } from './module-deps.ts';
import { ModuleFailure } from './module-failure.ts';
import { hasBegun, type ModuleEntry } from './module-journal.ts';
import type { ModuleLog } from './module-log.ts';
import { nameOf } from './module-runner.ts';
import { rebootDevice } from './reboot-device.ts';
import { strangeAnswer } from './stage-payload.ts';

/** A reboot that does not bring the old state back is not tried for ever. */
const ROLLBACK_REBOOTS = 3;

/**
 * The way back: `ArtifactRollback` of every module that began to install, the last one first, their
 * reboots, then the slot, which may reboot the device itself, then `ArtifactVerifyRollbackReboot` and
 * `ArtifactFailure`. Nothing here can stop a device from going back to its old slot: a module that
 * fails is noted, and the report says that it was not rolled back.
 */
export async function rollBackModules(
  deps: ModuleDeps,
  log: ModuleLog,
  returnToPreviousSlot: () => Promise<Step>,
): Promise<Step> {
  const begun = (): readonly ModuleEntry[] => log.entries().filter(hasBegun).reverse();
  for (const entry of begun()) await rollBackOne(deps, log, entry);
  for (const entry of begun()) {
    if (entry.reboot === 'Yes') await rebootUntilBack(deps, log, entry);
  }
  const step = await returnToPreviousSlot();
  for (const entry of begun()) {
    if (entry.reboot === 'Automatic') await rebootUntilBack(deps, log, entry);
  }
  for (const entry of begun()) {
    if (!entry.isToldOfFailure) await tellOfFailure(deps, log, entry);
  }
  return step;
}

async function rollBackOne(deps: ModuleDeps, log: ModuleLog, entry: ModuleEntry): Promise<void> {
  const { phase } = entry;
  if (phase === 'rollback_rebooting' || phase === 'rolled_back' || phase === 'not_rolled_back') {
    return;
  }
  const why = await attempt(async () => {
    if (phase !== 'rolling_back') await requireRollback(deps, entry);
    await log.note({ ...entry, phase: 'rolling_back' });
    await deps.runner.run(entry, 'ArtifactRollback'); // again, where it was cut short
  });
  if (why !== undefined) await log.note({ ...entry, phase: 'not_rolled_back', why });
  else {
    const next = needsReboot(entry) ? 'rollback_rebooting' : 'rolled_back';
    await log.note({ ...entry, phase: next, askedIn: deps.bootId });
  }
}

/** A reboot that never was asked for on the way forward needs none on the way back. */
function needsReboot({ reboot, askedIn }: ModuleEntry): boolean {
  return reboot === 'Yes' || (reboot === 'Automatic' && askedIn !== null);
}

async function requireRollback({ runner }: ModuleDeps, entry: ModuleEntry): Promise<void> {
  const answer = await runner.ask(entry, 'SupportsRollback');
  if (answer === 'Yes') return;
  if (answer !== 'No' && answer !== '') throw strangeAnswer(entry, 'SupportsRollback', answer);
  throw new ModuleFailure('module_failed', `${nameOf(entry)} cannot roll back`);
}

/** After an interruption it is verified first: the reboot may have been what interrupted us. */
async function rebootUntilBack(
  deps: ModuleDeps,
  log: ModuleLog,
  entry: ModuleEntry,
): Promise<void> {
  if (entry.phase !== 'rollback_rebooting') return;
  let now = entry;
  for (;;) {
    if (now.rollbackReboots > 0) {
      const why = await attempt(() => deps.runner.run(now, 'ArtifactVerifyRollbackReboot'));
      if (why === undefined) {
        await log.note({ ...now, phase: 'rolled_back' });
        return;
      }
      if (now.rollbackReboots >= ROLLBACK_REBOOTS) {
        await log.note({ ...now, phase: 'not_rolled_back', why });
        return;
      }
    }
    now = await log.note({ ...now, rollbackReboots: now.rollbackReboots + 1 });
    await rebootBack(deps, now);
  }
}

/** Its failure is found by verifying what came of it. */
async function rebootBack(deps: ModuleDeps, entry: ModuleEntry): Promise<void> {
  if (entry.reboot === 'Yes') {
    await attempt(() => deps.runner.run(entry, 'ArtifactRollbackReboot'));
    return;
  }
  // The slot's own reboot has come in between, or it is ours to ask for.
  const isStillToCome = entry.rollbackReboots > 1 || entry.askedIn === deps.bootId;
  await attempt(() => rebootDevice(deps, isStillToCome));
}

async function tellOfFailure(deps: ModuleDeps, log: ModuleLog, entry: ModuleEntry): Promise<void> {
  await attempt(() => deps.runner.run(entry, 'ArtifactFailure'));
  await log.note({ ...entry, isToldOfFailure: true });
}

/** Why a module did not; undefined when it did. */
async function attempt(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (cause) {
    if (!(cause instanceof ModuleFailure)) throw cause;
    return cause.message;
  }
}
