import { setTimeout as pause } from 'node:timers/promises';
import { claim } from '../demo/stage.ts';
import { landedAt } from './landed.ts';
import type { Moment } from './moments.ts';
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
  const { board, interrupted } = scene;
  const poweredAt = board.poweredAt();
  if (!(await waitFor(scene, update, moment, random()))) return undefined;
  const before = await board.traffic();
  await pause(1_000 * moment.delay(random()) + LOOK_MILLISECONDS, undefined, {
    signal: interrupted,
  });
  const after = await board.traffic();
  await board.cutPower();
  const serial = await board.serial();
  const landed = landedAt({
    sinceOffer: serial.slice(update.offeredAt),
    sincePowerOn: serial.slice(Math.max(poweredAt, 0)),
    oldSlot: update.old.slot,
    onlyReads: after.written === before.written,
  });
  await board.powerOn();
  const ready = /##READY slot=([AB]) version=(\S+)/;
  const says = await board.says(ready, { seconds: BOOT_SECONDS, from: serial.length });
  const [, slot = '', version = ''] = ready.exec(says) ?? [];
  claim([update.version, update.old.version].includes(version), `the old or the new: ${version}`);
  return { aimedAt: moment.name, landed, slot, version };
}

/** False when the update has ended. */
async function waitFor(
  { board, interrupted }: RigScene,
  { offeredAt, imageBytes }: CutUpdate,
  moment: Moment,
  chance: number,
): Promise<boolean> {
  const from = Math.max(offeredAt, board.poweredAt());
  const deadline = performance.now() + WAIT_SECONDS * 1_000;
  let start: Traffic | undefined;
  for (;;) {
    const serial = (await board.serial()).slice(from);
    const now = await board.traffic();
    if (serial.includes('"stage":"installing"')) start ??= now;
    const began = start ?? now;
    const traffic = { read: now.read - began.read, written: now.written - began.written };
    if (ENDED.test(serial)) return false;
    if (moment.hasCome({ serial, traffic, imageBytes }, chance)) return true;
    if (performance.now() > deadline) throw new Error(`${moment.name} did not come`);
    await pause(LOOK_MILLISECONDS, undefined, { signal: interrupted });
  }
}
