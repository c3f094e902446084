import { readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { flushFolder, hasCode, readIfThere, writeDurably } from '../install/durable-file.ts';
import { runCommand } from '../run-command.ts';
import { Slot } from '../state/agent-state.ts';
import type { BootControl, Restarted, SlotState } from './boot-control.ts';

/** A device whose service runs from `<slotsDir>/current`, a link to slot `a` or `b`. */
export interface SymlinkBootOptions {
  readonly slotsDir: string;
  /** Restarts what runs from the link. Without it, the service follows the link by itself. */
  readonly restart: readonly string[] | undefined;
  /** Ends what ran from the link, when there is no release to go back to. */
  readonly stop: readonly string[] | undefined;
}

const SlotStates = z.strictObject({ a: z.enum(['good', 'bad']), b: z.enum(['good', 'bad']) });

const COMMAND_MS = 90_000; // systemd's own limit for stopping or starting a service

/** Boot control by a symbolic link that is replaced by rename: after a power cut it is old or new. */
export function symlinkBoot(options: SymlinkBootOptions): BootControl {
  const { slotsDir } = options;
  const link = join(slotsDir, 'current');
  const statesPath = join(slotsDir, 'slot-states.json');
  const primary = (): Promise<Slot | undefined> => readSlotLink(link);
  return {
    current: primary, // a service has no boot loader that could fall back behind our back
    primary,
    setPrimary: (slot) => replaceLink(link, slot),
    state: async (slot) => (await readStates(statesPath))[slot],
    setState: async (slot, state) => {
      const states = { ...(await readStates(statesPath)), [slot]: state };
      await writeDurably(statesPath, Buffer.from(`${JSON.stringify(states)}\n`));
    },
    restart: async () => restart(options, await primary()),
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

/** A slot that nobody called good is not: a torn file must not make a half-written slot bootable. */
async function readStates(path: string): Promise<Record<Slot, SlotState>> {
  const bytes = await readIfThere(path);
  const states = SlotStates.safeParse(bytes && jsonOf(bytes));
  return states.success ? states.data : { a: 'bad', b: 'bad' };
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

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // the schema turns this into "bad"
  }
}
