import { readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { flushFolder, hasCode } from '../install/durable-file.ts';
import { runCommand } from '../run-command.ts';
import { Slot } from '../state/agent-state.ts';
import type { BootControl, Restarted } from './boot-control.ts';
import { slotStates } from './slot-states.ts';

/** A device whose service runs from `<slotsDir>/current`, a link to slot `a` or `b`. */
export interface SymlinkBootOptions {
  readonly slotsDir: string;
  /** Restarts what runs from the link. Without it, the service follows the link by itself. */
  readonly restart: readonly string[] | undefined;
  /** Ends what ran from the link, when there is no release to go back to. */
  readonly stop: readonly string[] | undefined;
}

const COMMAND_MS = 90_000; // systemd's own limit for stopping or starting a service

/** Boot control by a symbolic link that is replaced by rename: after a power cut it is old or new. */
export function symlinkBoot(options: SymlinkBootOptions): BootControl {
  const { slotsDir } = options;
  const link = join(slotsDir, 'current');
  const states = slotStates(join(slotsDir, 'slot-states.json'));
  const primary = (): Promise<Slot | undefined> => readSlotLink(link);
  return {
    current: primary, // a service has no boot loader that could fall back behind our back
    primary,
    setPrimary: (slot) => replaceLink(link, slot),
    ...states,
    makePermanent: async (slot) => {
      await states.setState(slot, 'good');
      await replaceLink(link, slot);
    },
    arrival: () => Promise.resolve('not_tried'), // restarting a service twice does no harm
    restart: (slot) => restart(options, slot),
  };
}

async function readSlotLink(link: string): Promise<Slot | undefined> {
  try {
    const slot = Slot.safeParse(await readlink(link));
    return slot.success ? slot.data : undefined;
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'EINVAL')) return undefined;
    throw cause;
  }
}

async function replaceLink(link: string, slot: Slot | undefined): Promise<void> {
  if (slot === undefined) await rm(link, { force: true });
  else {
    const aside = `${link}.partial`;
    await rm(aside, { force: true });
    await symlink(slot, aside);
    await rename(aside, link);
  }
  await flushFolder(join(link, '..'));
}

async function restart(
  { slotsDir, restart: command, stop }: SymlinkBootOptions,
  slot: Slot | undefined,
): Promise<Restarted> {
  const chosen = slot === undefined ? stop : command;
  if (chosen === undefined) return { kind: 'restarted' };
  const environment = slot === undefined ? {} : { SEALIFT_SLOT: join(slotsDir, slot) };
  const result = await runCommand({
    command: chosen,
    folder: slotsDir,
    timeoutMs: COMMAND_MS,
    environment: { SEALIFT_SLOTS: slotsDir, ...environment },
  });
  return result.kind === 'succeeded'
    ? { kind: 'restarted' }
    : { kind: 'not_restarted', detail: result.detail };
}
