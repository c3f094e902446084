import { Command, InvalidArgumentError } from 'commander';
import { MAX_OFFLINE_DAYS } from '../../shared/trust/offline.ts';
import { roleNamed, type RoleName } from '../author/ceremony/role-name.ts';
import { parseNames, wholeNumber } from './arguments.ts';
import {
  addHolder,
  allowOffline,
  renewFiles,
  revokeKey,
  rotateKey,
  rotateOnline,
  setThreshold,
  type AddHolderOptions,
  type ChangeOptions,
  type RenewOptions,
  type RotateOptions,
} from './keys-change.ts';
import { common, sessionOf, type Run } from './session.ts';

const ROLES = 'image-root, image-targets, director-root or product:NAME';

/** The commands of `sealift keys` that change who may sign what: each opens a signing event. */
export function ceremonyCommands(run: Run): readonly Command[] {
  return [
    renew(run),
    addHolderCommand(run),
    rotate(run),
    revoke(run),
    threshold(run),
    offline(run),
  ];
}

function renew({ world }: Run): Command {
  const command = new Command('renew')
    .description('the same content again with a new expiry; also for what has expired')
    .option('--root', 'the roots of both repositories')
    .option('--targets', 'image targets')
    .option('--product <name...>', 'the roles of these products', parseNames)
    .option('--all', 'all of these')
    .action(async (options: RenewOptions) => renewFiles(sessionOf(world, options), options));
  return changing(command, ['sealift keys renew --all', 'sealift keys renew --product gateway']);
}

function addHolderCommand({ world }: Run): Command {
  const command = new Command('add-holder')
    .description('give one more person a key of a role')
    .argument('<role>', ROLES, parseRoleName)
    .requiredOption('--name <name>', 'who holds it; signed with the metadata, for people')
    .option('--threshold <n>', 'how many must sign from then on', wholeNumber(1, 64))
    .action(async (role: RoleName, options: AddHolderOptions) =>
      addHolder(sessionOf(world, options), role, options),
    );
  return changing(withKeySource(command), [
    'sealift keys add-holder image-root --public-key anna.pub.json --name "Anna Berg"',
    'sealift keys add-holder image-root --public-key ben.pub.json --name Ben --threshold 2',
  ]);
}

function rotate({ world }: Run): Command {
  const command = new Command('rotate')
    .description('put a new key in the place of an old one; without a source, one is made here')
    .argument('<role>', `${ROLES}; or online, for the keys of the server`, parseRotatable)
    .option('--key <id>', 'the key that goes: its id, the beginning of it, or its holder')
    .option('--name <name>', 'who holds the new key (default: who held the old one)')
    .action(async (role: RoleName | 'online', options: RotateOptions) => {
      const session = sessionOf(world, options);
      await (role === 'online'
        ? rotateOnline(session, options)
        : rotateKey(session, role, options));
    });
  return changing(withKeySource(command), [
    'sealift keys rotate image-root --key 3f2a91c40b7d55e1',
    'sealift keys rotate product:gateway --key "Anna Berg" --public-key anna-new.pub.json',
    'sealift keys rotate online',
  ]);
}

function revoke({ world }: Run): Command {
  const command = new Command('revoke')
    .description('take a key out of every role of both repositories, for example a stolen one')
    .argument('<key>', 'its id, the beginning of it, or its holder where that is one key')
    .action(async (key: string, options: ChangeOptions) =>
      revokeKey(sessionOf(world, options), key, options),
    );
  return changing(command, ['sealift keys revoke 3f2a91c40b7d55e1']);
}

function threshold({ world }: Run): Command {
  const command = new Command('threshold')
    .description('set how many keys of a role must sign')
    .argument('<role>', ROLES, parseRoleName)
    .argument('<n>', 'how many', wholeNumber(1, 64))
    .action(async (role: RoleName, count: number, options: ChangeOptions) =>
      setThreshold(sessionOf(world, options), role, { threshold: count, options }),
    );
  return changing(command, ['sealift keys threshold image-root 2']);
}

function offline({ world }: Run): Command {
  const command = new Command('offline')
    .description('let bundles be carried to devices without a network, by the director root')
    .argument('<days>', 'how long one may hold at most; 0: none', wholeNumber(0, MAX_OFFLINE_DAYS))
    .action(async (days: number, options: ChangeOptions) =>
      allowOffline(sessionOf(world, options), days, options),
    );
  return changing(command, ['sealift keys offline 30']);
}

function withKeySource(command: Command): Command {
  return command
    .option('--public-key <file>', 'the new key, as its holder wrote it: sealift keys public')
    .option('--signer <uri>', 'the new key, on a token or service that this machine reaches')
    .option('--held-key <name>', 'the new key, one of this workspace');
}

function changing(command: Command, examples: readonly string[]): Command {
  command
    .option('--title <text>', 'what the other holders read')
    .option('--yes', 'do not ask before a dangerous change; for scripts');
  return common(command, examples);
}

function parseRoleName(text: string): RoleName {
  const role = roleNamed(text);
  if (role !== undefined) return role;
  throw new InvalidArgumentError(`it must be ${ROLES}`);
}

function parseRotatable(text: string): RoleName | 'online' {
  return text === 'online' ? text : parseRoleName(text);
}
