import { access } from 'node:fs/promises';
import { currentOrNone } from '../boot/current-or-none.ts';
import type { BootControl } from '../boot/boot-control.ts';
import type { Config } from '../config/load-config.ts';
import { inspectTarget, KERNEL_FILES } from '../install/image-target.ts';
import { TargetUnfit } from '../install/installer.ts';
import { isOfPlatform } from '../platform-error.ts';
import { spareOf } from '../state/agent-state.ts';
import { problem, well, wordsOf, type Finding } from './finding.ts';

/** Whether the places that images go to are there, and the spare one is free. */
export async function examineSlots(
  slots: Config['slots'],
  boot: Pick<BootControl, 'current'>,
): Promise<readonly Finding[]> {
  const spare = spareOf(await currentOrNone(boot));
  const findings: Finding[] = [];
  for (const [component, { a, b }] of Object.entries(slots)) {
    const [path, other] = spare === 'a' ? [a, b] : [b, a];
    const free = (): Promise<unknown> => inspectTarget(path, other, KERNEL_FILES);
    findings.push(await ask(`spare slot of ${component}`, path, free));
    findings.push(await ask(`running slot of ${component}`, other, () => access(other)));
  }
  return findings;
}

async function ask(name: string, path: string, look: () => Promise<unknown>): Promise<Finding> {
  try {
    await look();
    return well(name, path);
  } catch (cause) {
    if (!(cause instanceof TargetUnfit) && !isOfPlatform(cause)) throw cause;
    return problem(name, wordsOf(cause), 'check "slots" of the configuration, and the partitions');
  }
}
