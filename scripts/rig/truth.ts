import * as z from 'zod';
import { claim } from '../demo/stage.ts';
import { slotOnDisk } from './disk.ts';
import { BOARD } from './factory.ts';
import type { RigScene } from './scene.ts';
import { sha256OfFile } from './sha256-of-file.ts';

const Shown = z.object({
  running: z.object({
    version: z.string(),
    manifestSha256: z.string(),
    slot: z.string(),
  }),
});

/**
 * What U-Boot started, what the board says at the server, and the bytes on its disk are one and the
 * same release. The disk is read here, from outside; the slots are mounted read-only.
 */
export async function demandTruth(scene: RigScene): Promise<string> {
  const { author, board, releases } = scene;
  const { booted, slot, version } = saidLast(await board.serial());
  claim(booted === slot, `what U-Boot booted came up: ${booted}, ${slot}`);
  const { running } = await author.ask(Shown, 'device', 'show', BOARD.id);
  claim(running.version === version, `the board says that ${version} runs, not ${running.version}`);
  claim(running.slot === slot.toLowerCase(), `it says that slot ${slot} runs, not ${running.slot}`);
  const release = releases.get(version);
  if (release === undefined) throw new Error(`nobody published ${version}`);
  const { manifestSha256, unpacked } = release;
  claim(running.manifestSha256 === manifestSha256, `its manifest is the one that was signed`);
  const part = { start: slotOnDisk(booted), length: unpacked.length };
  const onDisk = await sha256OfFile(board.disk, part);
  claim(onDisk === unpacked.sha256, `slot ${slot} holds the image of ${version}`);
  return version;
}

function saidLast(serial: string) {
  const [, booted] = [...serial.matchAll(/##BOOT slot=([AB])/g)].at(-1) ?? [];
  const ready = [...serial.matchAll(/##READY slot=([AB]) version=(\S+)/g)].at(-1);
  const [, slot = 'none', version = 'nothing'] = ready ?? [];
  return { booted: booted === 'B' ? 'B' : 'A', slot, version } as const;
}
