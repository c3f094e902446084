import { open, readFile, rm } from 'node:fs/promises';
import * as z from 'zod/mini';
import { hasCode, readIfThere } from './install/durable-file.ts';

/** Another agent works in this state folder. */
export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

const Holder = z.strictObject({ pid: z.int(), started: z.nullable(z.string()) });

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

async function claim(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    const holder = { pid: process.pid, started: await startOf(process.pid) };
    await file.writeFile(JSON.stringify(holder));
    await file.close();
    return true;
  } catch (cause) {
    if (hasCode(cause, 'EEXIST')) return false;
    throw cause;
  }
}

async function holderOf(path: string): Promise<z.infer<typeof Holder> | undefined> {
  try {
    const holder = Holder.safeParse(JSON.parse((await readIfThere(path))?.toString() ?? 'null'));
    return holder.success ? holder.data : undefined;
  } catch {
    return undefined; // torn by a power cut
  }
}

/** The same number may be another process after a reboot, so its start is compared too. */
async function isAlive({ pid, started }: z.infer<typeof Holder>): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (cause) {
    if (!hasCode(cause, 'EPERM')) return false;
  }
  return started === null || started === (await startOf(pid));
}

/** Linux: boot and clock tick at which a process began; null where there is no /proc. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()} ${ticks}`;
  } catch {
    return null;
  }
}
