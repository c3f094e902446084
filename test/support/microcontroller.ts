import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Readable } from 'node:stream';

const SOURCES = fileURLToPath(new URL('../../firmware-fixtures/microcontroller', import.meta.url));
/** Of QEMU's board: it keeps this memory in a file, so that it outlives the power. */
const FLASH_BYTES = 16 * 1_024 * 1_024;
const COMMON = ['board.c', 'banks.c', 'sha256.c', 'memory.c'];

/** How an application behaves once it runs. */
export type Behaviour = 'WELL' | 'HANGS' | 'BABBLES';

/** Compiles the boot loader into `folder`, and answers what compiles applications for it. */
export function buildFirmware(folder: string): {
  readonly application: (version: string, behaviour?: Behaviour) => Buffer;
} {
  const compile = (name: string, args: readonly string[]): string => {
    const path = join(folder, name);
    const flags = '-mcpu=cortex-m3 -mthumb -Os -Wall -Wextra -Werror -ffreestanding -nostdlib';
    execFileSync(
      'arm-none-eabi-gcc',
      [
        ...flags.split(' '),
        '-fno-tree-loop-distribute-patterns', // or memcpy would be written by calling memcpy
        '-Wl,--entry=reset_handler',
        ...args,
        ...['-o', path],
      ],
      { cwd: SOURCES, stdio: ['ignore', 'ignore', 'inherit'] },
    );
    return path;
  };
  compile('loader.elf', ['-T', 'loader.ld', ...COMMON, 'xmodem.c', 'loader.c']);
  return {
    application: (version, behaviour = 'WELL') => {
      const defines = [`-DVERSION="${version}"`, `-DBEHAVIOUR=${behaviour}`];
      const script = ['-T', 'application.ld', ...COMMON, 'application.c'];
      const elf = compile(`${version}.elf`, [...defines, ...script]);
      const target = join(folder, `${version}.bin`);
      execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', elf, target]);
      // As long as an image of a real one: a transfer takes long enough to be disturbed.
      const filler = Buffer.alloc(FILLER_BYTES, `${version} `);
      return Buffer.concat([execFileSync('cat', [target]), filler]);
    },
  };
}

const FILLER_BYTES = 40_000;

/** A microcontroller in QEMU, and the serial line to it: a terminal of this system. */
export interface Microcontroller {
  /** The line, under a name that stays when the board is plugged in again. */
  readonly line: string;
  /** Its flash, for a board that shall begin where this one is. */
  readonly flash: string;
  readonly plugIn: () => Promise<void>;
  /** Power and line are gone at once. */
  readonly unplug: () => Promise<void>;
  /** It does nothing any more, and then goes on. */
  readonly freeze: () => void;
  readonly thaw: () => void;
}

/** A board in `folder`, with an empty flash or that of another one. */
export async function microcontroller(
  folder: string,
  loader: string,
  flashOf?: Microcontroller,
): Promise<Microcontroller> {
  await mkdir(folder, { recursive: true });
  const [line, flash] = [join(folder, 'line'), join(folder, 'flash')];
  if (flashOf === undefined) await writeFile(flash, Buffer.alloc(FLASH_BYTES));
  else await cp(flashOf.flash, flash);
  let board: { readonly child: ChildProcess; readonly holder: number } | undefined;
  const unplug = async (): Promise<void> => {
    if (board === undefined) return;
    const { child, holder } = board;
    board = undefined;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    closeSync(holder);
    await rm(line, { force: true });
  };
  return {
    line,
    flash,
    unplug,
    plugIn: async () => {
      await unplug();
      const { child, terminal } = await start(loader, flash);
      await rm(line, { force: true });
      await symlink(terminal, line);
      // QEMU looks only once a second whether somebody has opened a terminal; so somebody always has.
      const holder = openSync(terminal, constants.O_RDWR | constants.O_NOCTTY);
      board = { child, holder };
    },
    freeze: () => board?.child.kill('SIGSTOP'),
    thaw: () => board?.child.kill('SIGCONT'),
  };
}

async function start(
  loader: string,
  flash: string,
): Promise<{ readonly child: ChildProcess; readonly terminal: string }> {
  const memory = `memory-backend-file,id=flash,size=16M,mem-path=${flash},share=on`;
  const child = spawn(
    'qemu-system-arm',
    [
      ...['-M', 'mps2-an385,memory-backend=flash', '-object', memory, '-kernel', loader],
      ...['-display', 'none', '-monitor', 'none', '-chardev', 'pty,id=line'],
      ...['-serial', 'chardev:line'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return { child, terminal: await terminalOf(child) };
}

/** QEMU says which terminal it is, on one of the two. */
function terminalOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (stream: Readable | null): void => {
      stream?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const terminal = /\/dev\/pts\/\d+/.exec(said)?.[0];
        if (terminal !== undefined) resolve(terminal);
      });
    };
    hear(child.stdout);
    hear(child.stderr);
    child.once('exit', () => {
      reject(new Error(`QEMU ended: ${said}`));
    });
  });
}
