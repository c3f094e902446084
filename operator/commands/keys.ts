import { Command } from 'commander';
import { keyIdOf } from '../../shared/crypto/public-key.ts';
import { listHeldKeys } from '../author/held-key-folder.ts';
import { keyOpening } from './key-opening.ts';
import { addCommand } from './keys-add.ts';
import { ceremonyCommands } from './keys-ceremony.ts';
import { initKeys, type InitOptions } from './keys-init.ts';
import { newCommand, publicCommand } from './keys-public.ts';
import { rehearseCommand } from './keys-rehearse.ts';
import { statusCommand } from './keys-status.ts';
import { common, sessionOf, type CommonOptions, type Run } from './session.ts';
import { table } from './table.ts';

/** `sealift keys …` */
export function keysCommands(run: Run): Command {
  const keys = new Command('keys')
    .description('offline keys: made, kept and used on this machine only')
    .addCommand(initCommand(run))
    .addCommand(addCommand(run))
    .addCommand(newCommand(run))
    .addCommand(listCommand(run))
    .addCommand(publicCommand(run))
    .addCommand(statusCommand(run))
    .addCommand(rehearseCommand(run));
  for (const command of ceremonyCommands(run)) keys.addCommand(command);
  return keys;
}

function initCommand({ world }: Run): Command {
  const command = new Command('init')
    .description('make the offline keys, sign both roots, and hand them to a new server')
    .option('--server <url>', 'address of the server (default: that of `sealift login`)')
    .option(
      '--token <token>',
      'admin token of the server (default: $SEALIFT_TOKEN, or that of `sealift login`)',
    )
    .option('--online-keys <file>', 'the online public keys of the server, for an offline machine')
    .option('--single', 'one key a role instead of two out of three')
    .option('--allow-plaintext', 'send the token without TLS to another machine')
    .action(async (options: InitOptions) => initKeys(sessionOf(world, options), options));
  return common(command, [
    'sealift keys init --server https://updates.example.com --token slo_...',
    'sealift keys init --online-keys online.json     (offline; run again with --server to upload)',
  ]);
}

function listCommand({ world }: Run): Command {
  const command = new Command('list')
    .description('list the keys of this workspace; nothing secret is shown')
    .action(async (options: CommonOptions) => {
      const session = sessionOf(world, options);
      const held = await listHeldKeys(session.workspace.keysFolder, keyOpening(world));
      const keys = held.map(({ publicKey, name, role, createdAt, source, uri, path }) => ({
        id: keyIdOf(publicKey),
        name,
        role,
        created: createdAt,
        source,
        ...(uri !== undefined && { uri }),
        file: path,
      }));
      const rows = keys.map((key) => [
        key.id.slice(0, 16),
        key.role,
        key.created,
        key.uri ?? key.source,
        key.file,
      ]);
      const headings = ['id', 'role', 'created', 'source', 'file'];
      const text = keys.length === 0 ? 'No keys yet.' : table(headings, rows);
      session.show({ keys }, text);
    });
  return common(command, ['sealift keys list']);
}
