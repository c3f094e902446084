import { spawn, type ChildProcess } from 'node:child_process';
import { open, readFile, stat } from 'node:fs/promises';
import { until } from '../processes/until.ts';
import type { Disk } from './disk.ts';
import { trafficOf, type Traffic } from './traffic.ts';

/** A board on which the power can be cut. */
export interface Board {
  /** Plugs it in. */
  readonly powerOn: () => Promise<void>;
  /** Pulls the plug: whatever was not on the disk is gone. */
  readonly cutPower: () => Promise<void>;
  /** The image of its disk. */
  readonly disk: string;
  /** What has gone to and from its disk and network since the power came. */
  readonly traffic: () => Promise<Traffic>;
  /** How much had come over the serial line when the power came last. */
  readonly poweredAt: () => number;
  /** Everything that has come over the serial line since the board was made. */
  readonly serial: () => Promise<string>;
  /** Waits for a line on the serial console that comes after `from` characters. */
  readonly says: (line: RegExp, waiting: Waiting) => Promise<string>;
}

/** How long to wait, and from where on. */
export interface Waiting {
  readonly seconds: number;
  readonly from?: number;
}

/** Debian's U-Boot for QEMU's arm64 machine (package u-boot-qemu). */
const U_BOOT = '/usr/lib/u-boot/qemu_arm64/u-boot.bin';

/** A board of QEMU, in plain emulation; its serial line goes to `serialFile`. */
export function boardOf(disk: Disk, serialFile: string, interrupted: AbortSignal): Board {
  let machine: ChildProcess | undefined;
  let poweredAt = 0;
  const serial = async (): Promise<string> => {
    // A serial line has bytes of no encoding while a kernel starts.
    return (await readFile(serialFile)).toString('latin1');
  };
  return {
    disk: disk.disk,
    serial,
    poweredAt: () => poweredAt,
    traffic: () => trafficOf(machine?.pid ?? 0),
    powerOn: async () => {
      poweredAt = (await stat(serialFile).catch(() => undefined))?.size ?? 0;
      const line = await open(serialFile, 'a');
      machine = spawn('qemu-system-aarch64', argumentsOf(disk), {
        stdio: ['ignore', line.fd, line.fd],
        detached: true, // Ctrl-C in the terminal reaches us, and we end the rest in good order
      });
      await line.close();
    },
    cutPower: async () => {
      const running = machine;
      machine = undefined;
      if (running === undefined || running.exitCode !== null) return;
      const gone = new Promise<void>((resolve) => {
        running.once('exit', () => {
          resolve();
        });
      });
      running.kill('SIGKILL');
      await gone;
    },
    says: (line, { seconds, from = 0 }) =>
      until({ what: `the board to say ${String(line)}`, seconds, interrupted }, async () => {
        if (machine !== undefined && machine.exitCode !== null) {
          throw new Error(`QEMU ended with ${machine.exitCode}; see ${serialFile}`);
        }
        return line.exec((await serial()).slice(from))?.[0];
      }),
  };
}

function argumentsOf({ disk, flash }: Disk): readonly string[] {
  return [
    ...['-M', 'virt', '-cpu', 'cortex-a57', '-m', '512', '-smp', '1'],
    ...['-accel', 'tcg,thread=multi', '-display', 'none', '-monitor', 'none', '-serial', 'stdio'],
    ...['-bios', U_BOOT],
    ...['-drive', `if=pflash,unit=1,format=raw,file=${flash}`],
    // What the board has flushed must be on our disk when the process is killed: no cache of QEMU's.
    ...['-drive', `if=none,id=hd0,format=raw,cache=writethrough,file=${disk}`],
    ...['-device', 'virtio-blk-pci,drive=hd0', '-netdev', 'user,id=net0'],
    // Nobody boots from this network: without a ROM, Debian's ipxe-qemu is not needed.
    ...['-device', 'virtio-net-pci,netdev=net0,romfile='],
    ...['-device', 'i6300esb', '-action', 'watchdog=reset'],
  ];
}
