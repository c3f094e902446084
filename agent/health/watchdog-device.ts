import { constants, open, type FileHandle } from 'node:fs/promises';
import type { WatchdogLine } from './watchdog.ts';

const ALIVE = Buffer.from([0]); // any byte but V keeps it alive
const MAGIC_CLOSE = Buffer.from('V'); // closing after it is meant; closing without it is a crash

/**
 * `/dev/watchdog` by its plain protocol (kernel documentation, "The Linux Watchdog driver API"):
 * opening arms it, writing keeps it alive, and only a `V` before the end lets it go. How long it
 * waits is set by the driver or by systemd: without `ioctl`, which Node has not, it cannot be asked.
 */
export async function openWatchdogDevice(path: string): Promise<WatchdogLine> {
  const device = await openDevice(path);
  return {
    feed: async () => {
      await device.write(ALIVE);
    },
    release: async () => {
      try {
        await device.write(MAGIC_CLOSE);
      } finally {
        await device.close();
      }
    },
  };
}

/** Never creates a file: a watchdog that is not there must not be fed in vain. */
async function openDevice(path: string): Promise<FileHandle> {
  const device = await open(path, constants.O_WRONLY);
  if ((await device.stat()).isCharacterDevice()) return device;
  await device.close();
  throw Object.assign(new Error(`${path} is no watchdog: it is not a device`), {
    code: 'ENODEV',
    syscall: 'open',
  });
}
