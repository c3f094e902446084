import { readFile, readlink, rm, symlink } from 'node:fs/promises';
import { hasCode } from './install/durable-file.ts';

/** Another agent works in this state folder. */
export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

interface Holder {
  readonly pid: number;
  /** Linux: boot and clock tick at which it began; empty where there is no /proc. */
  readonly started: string;
}

/** Takes the state folder for this process; answers how to give it back. */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  if (!(await claim(path))) {
    const holder = await holderOf(path);
    if (holder !== undefined && (await isAlive(holder))) {
      throw new AlreadyRunning(`another agent (process ${holder.pid}) uses ${path}`);
    }
    await rm(path, { force: true }); // left by a power cut: its process is gone
    if (!(await claim(path))) throw new AlreadyRunning(`another agent has just taken ${path}`);
  }
  return () => rm(path, { force: true });
}

/** A link that names its holder: made at once or not at all, and also where a disk is full. */
async function claim(path: string): Promise<boolean> {
  try {
    await symlink(`${process.pid} ${await startOf(process.pid)}`, path);
    return true;
  } catch (cause) {
    if (hasCode(cause, 'EEXIST')) return false;
    throw cause;
  }
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const [, pid, started = ''] = /^(\d+) (.*)$/.exec(await readlink(path)) ?? [];
    return pid === undefined ? undefined : { pid: Number(pid), started };
  } catch {
    return undefined; // gone meanwhile, or nothing of ours
  }
}

/** The same number may be another process after a reboot, so its start is compared too. */
async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (cause) {
    if (!hasCode(cause, 'EPERM')) return false;
  }
  return started === '' || started === (await startOf(pid));
}

async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()} ${ticks}`;
  } catch {
    return '';
  }
}
