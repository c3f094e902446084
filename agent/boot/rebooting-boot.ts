import * as z from 'zod/mini';
import { readIfThere, removeDurably, writeDurably } from '../install/durable-file.ts';
import { Slot } from '../state/agent-state.ts';
import type { BootControl, BootLoader, Restarted } from './boot-control.ts';
import type { BootTool } from './boot-tool.ts';
import { isOfPlatform } from '../platform-error.ts';

/** What a planned reboot needs. */
export interface RebootDeps {
  /** Asks for a reboot and comes back at once: `systemctl reboot`. */
  readonly command: readonly string[];
  readonly run: BootTool;
  /** Where it is remembered that a reboot was asked for, and in which life. */
  readonly markPath: string;
  /** Told apart by Linux, one a boot. */
  readonly bootId: string;
  /** Waits for the end: throws when the agent is told to end, comes back when nothing happened. */
  readonly untilEnd: (milliseconds: number) => Promise<void>;
  /** How long a reboot may take to come. */
  readonly patienceMs: number;
}

const Mark = z.strictObject({ slot: Slot, bootId: z.string() });
type Mark = Readonly<z.infer<typeof Mark>>;

/**
 * Boot control by a boot loader: what runs changes only with a reboot. That one is a power cut we
 * asked for; a mark on disk, which names the life that asked, tells the next life whether it has
 * happened, and which slot runs tells what came of it.
 */
export function rebootingBoot(loader: BootLoader, deps: RebootDeps): BootControl {
  const { markPath, bootId } = deps;
  const { current, primary, state, makePermanent, confirm } = loader;
  return {
    current,
    primary,
    state,
    makePermanent,
    ...(confirm && { confirm }),
    setPrimary: async (slot) => {
      if (slot === undefined) throw new Error('bug: a board that boots always has a slot to boot');
      await loader.setPrimary(slot);
    },
    setState: async (slot, wanted) => {
      // A slot that is written anew, or given up, has no reboot into it that could still be judged.
      if (wanted === 'bad' && (await readMark(markPath))?.slot === slot) {
        await removeDurably(markPath);
      }
      await loader.setState(slot, wanted);
    },
    arrival: async (slot) => {
      if ((await current()) === slot) return 'arrived';
      const mark = await readMark(markPath);
      return mark?.slot === slot && mark.bootId !== bootId ? 'fell_back' : 'not_tried';
    },
    restart: async (slot) => {
      if (slot === undefined) throw new Error('bug: a board that boots always has a slot to boot');
      if ((await current()) !== slot) return reboot(loader, deps, slot);
      await removeDurably(markPath); // whatever was asked for has come
      return { kind: 'restarted' };
    },
  };
}

async function reboot(loader: BootLoader, deps: RebootDeps, slot: Slot): Promise<Restarted> {
  const { command, run, markPath, bootId, untilEnd, patienceMs } = deps;
  const mark: Mark = { slot, bootId };
  await writeDurably(markPath, Buffer.from(`${JSON.stringify(mark)}\n`));
  try {
    await run((await loader.rebootCommand?.(slot)) ?? command);
  } catch (cause) {
    if (!isOfPlatform(cause)) throw cause;
    await removeDurably(markPath);
    return { kind: 'not_restarted', detail: `the reboot could not be asked for: ${cause.message}` };
  }
  await untilEnd(patienceMs);
  await removeDurably(markPath);
  return {
    kind: 'not_restarted',
    detail: `a reboot was asked for and did not come within ${Math.round(patienceMs / 1_000)} s`,
  };
}

async function readMark(path: string): Promise<Mark | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    return Mark.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined; // a torn mark: the reboot is asked for once more, and counted as a wake-up
  }
}
