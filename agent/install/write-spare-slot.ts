import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Refusal } from '../../shared/trust/refusal.ts';
import type { BootControl } from '../boot/boot-control.ts';
import { isOfPlatform } from '../platform-error.ts';
import type { Step } from '../run-update.ts';
import {
  slotsOf,
  updateOf,
  type AgentState,
  type Installed,
  type Slot,
} from '../state/agent-state.ts';
import { condemn, failed, refused } from '../state/endings.ts';
import { flushFolder } from './durable-file.ts';
import type { ArchiveLimits } from '../../shared/release/archive-entries.ts';
import { NoSpace } from './free-space.ts';
import { measureTree } from './measure-tree.ts';
import { unpackArchive } from './unpack-archive.ts';
import { wipeTree } from './wipe-tree.ts';

/** What writing a slot needs. */
export interface InstallDeps {
  readonly boot: BootControl;
  readonly slotFolder: (slot: Slot) => string;
  /** Where the artifact stands once its hash was right. */
  readonly artifactPath: (sha256: string) => string;
  readonly limits: ArchiveLimits;
  readonly requireSpace: (folder: string, lengthBytes: number) => Promise<void>;
  readonly requireRunning: () => void;
  readonly now: () => Date;
}

/**
 * DESIGN §3 "Slots", and the order is law: mark the spare bad, write, flush, read back and compare
 * with the signed digest, mark it good. Switching comes later, and last.
 */
export async function writeSpareSlot(deps: InstallDeps, state: AgentState): Promise<Step> {
  const { release, artifact } = updateOf(state);
  const { to } = slotsOf(state);
  try {
    const installedSha256 = await install(deps, to, artifact);
    const installed = { release, installedSha256, securityEpoch: updateOf(state).securityEpoch };
    return { outcome: 'done', remember: (before) => withSlot(before, to, installed) };
  } catch (cause) {
    if (cause instanceof Refusal) {
      const said = { refusal: cause, release, path: null };
      const remember = (before: AgentState): AgentState => ({
        ...condemn(refused(before, said, deps.now()), release.manifestSha256),
        failedOffer: before.offer,
      });
      return { outcome: 'refused', remember };
    }
    if (!(cause instanceof NoSpace) && !isOfPlatform(cause)) throw cause;
    return { outcome: 'failed', remember: (before) => failed(before, 'disk', cause.message) };
  }
}

async function install(
  { boot, slotFolder, artifactPath, limits, requireSpace, requireRunning }: InstallDeps,
  slot: Slot,
  artifact: {
    readonly sha256: string;
    readonly length: number;
    readonly installedSha256: string | null;
  },
): Promise<string> {
  if ((await boot.current()) === slot || (await boot.primary()) === slot) {
    throw new Error(`bug: slot ${slot} runs and must not be written`);
  }
  const folder = slotFolder(slot);
  await boot.setState(slot, 'bad');
  await wipeTree(folder);
  await requireSpace(dirname(folder), artifact.length);
  await mkdir(folder, { mode: 0o755 });
  await unpackArchive(artifactPath(artifact.sha256), folder, limits, requireRunning);
  const measured = await measureTree(folder, 'flush');
  await flushFolder(dirname(folder));
  const signed = artifact.installedSha256 ?? measured;
  if (measured !== signed) {
    throw new Refusal(
      'installed_digest_mismatch',
      `slot ${slot} measures ${measured}, ${signed} was signed`,
    );
  }
  await boot.setState(slot, 'good');
  return measured;
}

function withSlot(state: AgentState, slot: Slot, installed: Installed): AgentState {
  return { ...state, slots: { ...state.slots, [slot]: installed } };
}
