import { InvalidArgumentError, type Command } from 'commander';
import { Sha256 } from '../../shared/metadata/fields.ts';
import type { ModuleSaid } from '../author/module-artifact.ts';
import type { ArtifactPath } from '../author/release-files.ts';
import { Failure } from '../failure.ts';
import { parseNamed, parseNames } from './arguments.ts';

/** What the options of a release say about artifacts for update modules, by component. */
export interface ModuleOptions {
  readonly moduleMeta?: ReadonlyMap<string, string>;
  readonly moduleTar?: readonly string[];
  readonly moduleInstalled?: ReadonlyMap<string, string>;
}

/** Adds these options to a command. */
export function withModuleOptions(command: Command): Command {
  return command
    .option(
      '--module-meta <component=file>',
      'JSON that the update module of a component reads as header/meta-data',
      parseFile,
    )
    .option(
      '--module-tar <component>',
      'its artifact is a tar of the files that its update module is given',
      parseNames,
    )
    .option(
      '--module-installed <component=sha256>',
      'what its update module has to say stands there afterwards',
      parseDigest,
    );
}

/** What is said of the artifact of one component; undefined where another installer takes it. */
export function moduleSaidOf(
  { moduleMeta, moduleTar, moduleInstalled }: ModuleOptions,
  { component, installer }: Pick<ArtifactPath, 'component' | 'installer'>,
): ModuleSaid | undefined {
  if (!installer.startsWith('module:')) return undefined;
  return {
    metaPath: moduleMeta?.get(component),
    isTar: moduleTar?.includes(component) ?? false,
    installedSha256: moduleInstalled?.get(component),
  };
}

/** An option for a component that no module installs would be signed as if it had not been given. */
export function requireModules(
  { moduleMeta, moduleTar, moduleInstalled }: ModuleOptions,
  artifacts: readonly Pick<ArtifactPath, 'component' | 'installer'>[],
): void {
  const named = [
    ...(moduleMeta?.keys() ?? []),
    ...(moduleTar ?? []),
    ...(moduleInstalled?.keys() ?? []),
  ];
  for (const component of named) {
    const artifact = artifacts.find((each) => each.component === component);
    if (artifact?.installer.startsWith('module:') === true) continue;
    throw new Failure('release_invalid', `no update module installs ${component}`);
  }
}

function parseFile(
  text: string,
  before: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  return new Map([...before, parseNamed(text)]);
}

function parseDigest(
  text: string,
  before: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const named = parseFile(text, before);
  for (const digest of named.values()) {
    if (Sha256.safeParse(digest).success) continue;
    throw new InvalidArgumentError('it must end in a SHA-256, 64 small hexadecimal digits');
  }
  return named;
}
