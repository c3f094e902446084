import type { BootControl } from '../boot/boot-control.ts';
import { BootTrouble } from '../boot/boot-trouble.ts';
import { isOfPlatform } from '../platform-error.ts';
import { problem, well, wordsOf, type Finding } from './finding.ts';

type Questions = Pick<BootControl, 'current' | 'primary' | 'state'>;

/** Whether the boot loader answers: its tools are there, and what it says fits together. */
export async function examineBoot(boot: Questions): Promise<readonly Finding[]> {
  const current = await ask('slot that runs', boot.current);
  const primary = await ask('slot of the next start', boot.primary);
  const a = await ask('state of slot a', () => boot.state('a'));
  const b = await ask('state of slot b', () => boot.state('b'));
  return [current, primary, a, b];
}

async function ask(name: string, question: () => Promise<string | undefined>): Promise<Finding> {
  try {
    return well(name, (await question()) ?? 'none yet');
  } catch (cause) {
    if (!(cause instanceof BootTrouble) && !isOfPlatform(cause)) throw cause;
    return problem(
      name,
      wordsOf(cause),
      'check "boot" of the configuration and its tools (boot/README.md)',
    );
  }
}
