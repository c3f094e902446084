import { InvalidArgumentError, type Command } from 'commander';
import { Restore } from '../../shared/release/restore.ts';
import type { ArtifactPath } from '../author/release-files.ts';
import { Failure } from '../failure.ts';
import { parseNamed } from './arguments.ts';

/** What devices restore of archives beyond content and mode, by component. */
export interface RestoreOption {
  readonly restore?: ReadonlyMap<string, Restore>;
}

/** Adds the option to a command. */
export function withRestore(command: Command): Command {
  return command.option(
    '--restore <component=what>',
    'what devices restore of its archive: owners (with setuid bits), xattrs, or owners,xattrs',
    parseRestore,
  );
}

/** An option for a component that is no archive would be signed as if it had not been given. */
export function requireArchives(
  { restore }: RestoreOption,
  artifacts: readonly Pick<ArtifactPath, 'component' | 'installer'>[],
): void {
  for (const component of restore?.keys() ?? []) {
    const artifact = artifacts.find((each) => each.component === component);
    if (artifact?.installer === 'archive') continue;
    throw new Failure('release_invalid', `nothing is restored of ${component}: it is no archive`);
  }
}

function parseRestore(
  text: string,
  before: ReadonlyMap<string, Restore> = new Map(),
): ReadonlyMap<string, Restore> {
  const [component, words] = parseNamed(text);
  const restore = Restore.safeParse(words.split(','));
  if (restore.success) return new Map([...before, [component, restore.data]]);
  throw new InvalidArgumentError('it must be COMPONENT=owners, =xattrs or =owners,xattrs');
}
