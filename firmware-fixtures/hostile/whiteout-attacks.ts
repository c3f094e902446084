import { directoryBlocks, fileBlocks, headerBlocks } from '../archive.ts';
import type { PaxAttack } from './pax-attacks.ts';

/** Attacks by names that remove what came before; each archive begins with `first.txt`. */
export function whiteoutAttacks(): readonly PaxAttack[] {
  return [...formAttacks(), ...orderAttacks()];
}

function formAttacks(): readonly PaxAttack[] {
  return [
    attack('whiteout', 'Removes a file by a name, and nothing of that name has come.', [
      whiteout('etc/.wh.passwd'),
    ]),
    attack('whiteout-of-nothing', 'Is a whiteout and says nothing of what.', [whiteout('.wh.')]),
    attack('whiteout-of-itself', 'Removes the folder that it lies in, called `.`.', [
      whiteout('.wh..'),
    ]),
    attack('whiteout-of-parent', 'Removes the folder above the slot, called `..`.', [
      whiteout('.wh...'),
    ]),
    attack('whiteout-traversal', 'Removes a file beside the slot.', [
      whiteout('../outside/.wh.victim'),
    ]),
    attack('whiteout-of-whiteout', 'Removes by a name that is kept for layers.', [
      whiteout('.wh..wh.plnk'),
    ]),
    attack('whiteout-below-link', 'Removes a file of the archive through a link.', [
      directoryBlocks('real'),
      empty('real/file'),
      link('SymbolicLink', 'link', 'real'),
      whiteout('link/.wh.file'),
    ]),
    attack('whiteout-folder', 'Is a folder whose name removes, with a file in it.', [
      empty('.wh.first.txt/evil'),
    ]),
    attack(
      'whiteout-with-content',
      'Is a whiteout that holds a file, for readers that know none.',
      [fileBlocks({ path: '.wh.first.txt', mode: 0o644, bytes: Buffer.from('evil\n') })],
    ),
    attack('whiteout-that-links', 'Is a whiteout and a link to a file outside at once.', [
      link('SymbolicLink', '.wh.first.txt', '../evil'),
    ]),
  ];
}

function orderAttacks(): readonly PaxAttack[] {
  return [
    attack('opaque-nowhere', 'Empties a folder that has not come.', [whiteout('etc/.wh..wh..opq')]),
    attack('hardlink-to-removed', 'Makes a hard link to what was removed before.', [
      whiteout('.wh.first.txt'),
      link('Link', 'link', 'first.txt'),
    ]),
    attack('removed-twice', 'Removes a file twice.', [
      whiteout('.wh.first.txt'),
      whiteout('.wh.first.txt'),
    ]),
    attack('duplicate-after-return', 'Brings a removed file back twice.', [
      whiteout('.wh.first.txt'),
      empty('first.txt'),
      empty('first.txt'),
    ]),
  ];
}

/** Brings a file and removes it, again and again: nothing is left of what it cost. */
export function whiteoutLoop(rounds: number): Buffer {
  return Buffer.concat(
    Array.from({ length: rounds }, () => Buffer.concat([empty('again'), whiteout('.wh.again')])),
  );
}

/** An empty file, as a whiteout is one. */
export function whiteout(path: string): Buffer {
  return empty(path);
}

function attack(name: string, attempts: string, blocks: readonly Buffer[]): PaxAttack {
  return { name, attempts, blocks };
}

function empty(path: string): Buffer {
  return headerBlocks({ path, type: 'File', mode: 0o644, size: 0 });
}

function link(type: 'SymbolicLink' | 'Link', path: string, linkpath: string): Buffer {
  return headerBlocks({ path, type, linkpath, mode: 0o777, size: 0 });
}
