import { setTimeout as pause } from 'node:timers/promises';
import { claim } from '../demo/stage.ts';
import { landedAt } from './landed.ts';
import { isReadBack, type Moment, type View } from './moments.ts';
import type { RigScene } from './scene.ts';
import { BOOT_SECONDS } from './story.ts';
import type { Cut } from './tally.ts';
import type { Traffic } from './traffic.ts';

/** The update that is cut into. */
export interface CutUpdate {
  readonly version: string;
  /** What ran when it was offered. */
  readonly old: { readonly slot: string; readonly version: string };
  /** Where on the serial line it was offered. */
  readonly offeredAt: number;
  readonly imageBytes: number;
}

/** Shorter than the writing of one environment takes on an emulated board. */
const LOOK_MILLISECONDS = 20;
const WAIT_SECONDS = 1_200;
const ENDED = /"event":"update_(committed|rolled_back|failed|refused)"/;

/**
 * Waits for a moment of the update, pulls the plug, plugs it in again and demands that a whole release
 * boots and finds its data. Answers nothing when the update ended before its moment came.
 */
export async function cutAt(
  scene: RigScene,
  update: CutUpdate,
  moment: Moment,
  random: () => number,
): Promise<Cut | undefined> {
  const { board } = scene;
  const poweredAt = board.poweredAt();
  const watch = watchOf(scene, update);
  if (!(await waitFor(watch, moment, random, scene.interrupted))) return undefined;
  const { onlyRead } = await watch();
  await board.cutPower();
  const serial = await board.serial();
  const landed = landedAt({
    sinceOffer: serial.slice(update.offeredAt),
    sincePowerOn: serial.slice(Math.max(poweredAt, update.offeredAt)),
    oldSlot: update.old.slot,
    onlyReads: isReadBack(onlyRead, update.imageBytes),
  });
  await board.powerOn();
  const ready = /##READY slot=([AB]) version=(\S+)\s/; // the whole line
  const says = await board.says(ready, { seconds: BOOT_SECONDS, from: serial.length });
  const [, slot = '', version = ''] = ready.exec(says) ?? [];
  claim([update.version, update.old.version].includes(version), `the old or the new: ${version}`);
  return { aimedAt: moment.name, landed, slot, version };
}

/** False when the update has ended before the moment came. */
async function waitFor(
  watch: () => Promise<View>,
  moment: Moment,
  random: () => number,
  interrupted: AbortSignal,
): Promise<boolean> {
  const chance = random();
  const began = performance.now();
  let cameAt: number | undefined;
  const delay = 1_000 * moment.delay(random());
  for (;;) {
    const view = await watch();
    const now = performance.now();
    if (ENDED.test(view.serial)) return false;
    if (moment.hasCome(view, chance)) cameAt ??= now;
    if (cameAt !== undefined && now >= cameAt + delay) return true;
    if (now > began + WAIT_SECONDS * 1_000) throw new Error(`${moment.name} did not come`);
    await pause(LOOK_MILLISECONDS, undefined, { signal: interrupted });
  }
}

/** Looks at the board: each look counts on from the one before. */
function watchOf({ board }: RigScene, { offeredAt, imageBytes }: CutUpdate): () => Promise<View> {
  const from = Math.max(offeredAt, board.poweredAt());
  const follow = followTraffic();
  return async () => {
    const serial = (await board.serial()).slice(from);
    const isInstalling = serial.includes('"stage":"installing"');
    return { serial, imageBytes, ...follow(await board.traffic(), isInstalling) };
  };
}

/** Less is a journal's or a report's; a slot is written in pieces of a megabyte. */
const SLOT_PIECE_BYTES = 256 * 1_024;

/** Follows what is written and read from the beginning of a slot's writing on. */
function followTraffic(): (
  now: Traffic,
  isInstalling: boolean,
) => Pick<View, 'written' | 'onlyRead'> {
  let start: Traffic | undefined;
  let lastWrite: Traffic | undefined;
  return (now, isInstalling) => {
    if (!isInstalling) return { written: 0, onlyRead: 0 };
    start ??= now;
    lastWrite ??= now;
    if (now.written - lastWrite.written > SLOT_PIECE_BYTES) lastWrite = now;
    return { written: now.written - start.written, onlyRead: now.read - lastWrite.read };
  };
}
