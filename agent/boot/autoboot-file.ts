import { damaged, type BootTrouble } from './boot-trouble.ts';

/** What `autoboot.txt` says: the partition that is started, and the one that a tryboot starts. */
export interface Autoboot {
  readonly boot: number;
  readonly tryboot: number | undefined;
}

const MAX_BYTES = 512; // the firmware reads no more

/** Reads `autoboot.txt`. Unless `tryboot_a_b` is set, a tryboot would not change the partition. */
export function parseAutoboot(text: string): Autoboot {
  const lines = linesOf(text);
  if (valueOf(lines, 'all', 'tryboot_a_b') !== '1') throw spoiled('[all] lacks tryboot_a_b=1');
  const boot = partition(valueOf(lines, 'all', 'boot_partition'), 'all');
  if (boot === undefined) throw spoiled('[all] lacks boot_partition');
  return { boot, tryboot: partition(valueOf(lines, 'tryboot', 'boot_partition'), 'tryboot') };
}

/** The same file with other partitions: whatever else stands in it stays. */
export function writeAutoboot(text: string, { boot, tryboot }: Autoboot): string {
  const kept = linesOf(text).filter(({ key }) => key !== 'boot_partition');
  const inAll = (section: string): boolean => section === 'all';
  const all = kept.filter(({ section, isHeading }) => inAll(section) && !isHeading);
  const others = kept.filter(({ section, isHeading }) => section === 'tryboot' && !isHeading);
  const rest = kept.filter(({ section }) => !inAll(section) && section !== 'tryboot');
  const written = [
    '[all]',
    ...all.map(({ line }) => line),
    `boot_partition=${boot}`,
    ...(tryboot === undefined
      ? []
      : ['[tryboot]', ...others.map(({ line }) => line), `boot_partition=${tryboot}`]),
    ...rest.map(({ line }) => line),
  ];
  const changed = `${written.filter((line) => line.trim() !== '').join('\n')}\n`;
  if (changed.length > MAX_BYTES) throw spoiled(`it would be longer than ${MAX_BYTES} bytes`);
  return changed;
}

interface Line {
  readonly line: string;
  readonly section: string;
  readonly isHeading: boolean;
  readonly key: string | undefined;
}

function linesOf(text: string): readonly Line[] {
  if (text.length > MAX_BYTES) throw spoiled(`it is longer than ${MAX_BYTES} bytes`);
  let section = 'all'; // what stands before the first heading is for everybody
  return text.split(/\r?\n/).map((line) => {
    const heading = /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1];
    section = heading?.toLowerCase() ?? section;
    const key = heading === undefined ? /^\s*([a-z_]+)\s*=/.exec(line)?.[1] : undefined;
    return { line, section, isHeading: heading !== undefined, key };
  });
}

/** The last one holds, as everywhere in the firmware's files. */
function valueOf(lines: readonly Line[], section: string, key: string): string | undefined {
  const found = lines.filter((line) => line.section === section && line.key === key).at(-1);
  return found?.line.slice(found.line.indexOf('=') + 1).trim();
}

function partition(value: string | undefined, section: string): number | undefined {
  if (value === undefined) return undefined;
  if (/^[1-9][0-9]{0,2}$/.test(value)) return Number(value);
  throw spoiled(`boot_partition in [${section}] is ${JSON.stringify(value.slice(0, 50))}`);
}

function spoiled(detail: string): BootTrouble {
  return damaged(`autoboot.txt: ${detail}`);
}
