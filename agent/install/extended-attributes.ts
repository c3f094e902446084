import { Refusal } from '../../shared/trust/refusal.ts';
import { isOfPlatform } from '../platform-error.ts';
import { TargetUnfit } from './installer.ts';
import { toolBlocks, ToolFailed, type ToolTask } from './tool-blocks.ts';

/** Attributes by path below the slot: `NAME=0xHEX` each, sorted. */
export type Attributes = ReadonlyMap<string, readonly string[]>;

/**
 * Everything that a release could bring, and access lists, which it cannot: one that stands there is
 * a change. Labels that the kernel gives (`security.selinux`, `trusted.*`) are the device's own.
 */
const LOOKED_AT = '^(user\\.|system\\.posix_acl_|security\\.capability$)';
/** More than an archive may bring; what else stands there, somebody else wrote. */
const MOST_CHARACTERS = 64 * 1_024 * 1_024;
/** A tree of many files takes a slow disk its time, and a tool says nothing until its end. */
const IDLE_MS = 900_000;

/** Sets attributes in a folder, after owners and modes: `chown` takes capabilities away again. */
export async function setAttributes(folder: string, attributes: Attributes): Promise<void> {
  if (attributes.size === 0) return;
  const text = [...attributes].map(([path, lines]) =>
    ['# file: ' + quoted(path), ...lines, '', ''].join('\n'),
  );
  await run({ command: ['setfattr', '-h', '--restore=-'], input: text.join(''), folder }, () => {
    // it has nothing to say
  });
}

/** All attributes in a folder, whoever set them. */
export async function readAttributes(folder: string): Promise<Attributes> {
  const found = new Map<string, string[]>();
  const options = ['-RPhd', '-m', LOOKED_AT, '-e', 'hex'];
  let lines: string[] = [];
  await run({ command: ['getfattr', ...options, '.'], input: '', folder }, (line) => {
    const [, path] = /^# file: (?:\.\/)?(.+)$/.exec(line) ?? [];
    if (path !== undefined) found.set(unquoted(path), (lines = []));
    else if (line !== '') lines.push(line);
  });
  for (const each of found.values()) each.sort();
  return found;
}

async function run(task: ToolTask, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let characters = 0;
  let rest = '';
  try {
    for await (const block of toolBlocks(task, IDLE_MS)) {
      characters += block.length;
      if (characters > MOST_CHARACTERS) {
        throw new Refusal('installed_digest_mismatch', 'the slot has endless attributes');
      }
      const lines = (rest + decoder.decode(block, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    }
  } catch (cause) {
    if (!(cause instanceof ToolFailed) && !isOfPlatform(cause)) throw cause;
    throw new TargetUnfit('target_unsuitable', cause.message, { cause });
  }
}

/** As both tools write a path: what could be a line of its own in octal digits. */
function quoted(path: string): string {
  return path.replace(/[^\w./-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  );
}

function unquoted(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  );
}
