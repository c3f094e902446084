import { spawn, type ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import { until } from '../processes/until.ts';
import { serialOf } from './root.ts';

/** What QEMU is given. */
export interface MachinePlan {
  readonly kernel: string;
  readonly initrd: string;
  /** In this order: the root, what the story needs, and an empty one that is only written to. */
  readonly disks: readonly [root: string, provision: string, spare: string];
  readonly serialFile: string;
  readonly interrupted: AbortSignal;
}

/** An emulated arm64 board that runs. */
export interface Machine {
  /** Waits until the board has said that; fails at once when it says that something is not so. */
  readonly says: (line: RegExp, seconds: number) => Promise<string>;
  /** Whether it has switched itself off. */
  readonly hasEnded: () => boolean;
  readonly stop: () => Promise<void>;
}

/** Starts it. */
export async function startMachine(plan: MachinePlan): Promise<Machine> {
  const { serialFile, interrupted } = plan;
  const line = await open(serialFile, 'w');
  const child = spawn('qemu-system-aarch64', argumentsOf(plan), {
    stdio: ['ignore', line.fd, line.fd],
    detached: true,
  });
  await line.close();
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    hasEnded,
    says: (wanted, seconds) =>
      until({ what: `the board to say ${String(wanted)}`, seconds, interrupted }, async () => {
        const serial = await serialOf(serialFile);
        const wrong = /##WRONG .*/.exec(serial)?.[0];
        if (wrong !== undefined) throw new Error(`${wrong.trim()}; see ${serialFile}`);
        const found = wanted.exec(serial)?.[0];
        if (found === undefined && hasEnded())
          throw new Error(`the board ended; see ${serialFile}`);
        return found;
      }),
    stop: () => stop(child, hasEnded),
  };
}

async function stop(child: ChildProcess, hasEnded: () => boolean): Promise<void> {
  if (hasEnded()) return;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  child.kill('SIGKILL');
  await gone;
}

function argumentsOf({ kernel, initrd, disks }: MachinePlan): readonly string[] {
  const words = ['root=/dev/vda', 'console=ttyAMA0', 'quiet', 'systemd.show_status=no'];
  return [
    ...['-M', 'virt', '-cpu', 'cortex-a57', '-m', '768', '-smp', '1'],
    ...['-accel', 'tcg,thread=multi', '-display', 'none', '-monitor', 'none', '-serial', 'stdio'],
    ...['-kernel', kernel, '-initrd', initrd, '-append', words.join(' '), '-no-reboot'],
    ...disks.flatMap((file, index) => [
      ...['-drive', `if=none,id=hd${index},format=raw,file=${file}`],
      ...['-device', `virtio-blk-pci,drive=hd${index}`],
    ]),
    // Without a boot ROM of the card's own: the kernel is started directly.
    ...['-netdev', 'user,id=net0', '-device', 'virtio-net-pci,netdev=net0,romfile='],
  ];
}
