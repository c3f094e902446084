import { Command } from 'commander';
import { keyIdOf } from '../../shared/crypto/public-key.ts';
import { publicKeyFile } from '../author/ceremony/public-key-file.ts';
import { roleNamed } from '../author/ceremony/role-name.ts';
import { Failure } from '../failure.ts';
import { writeDurably } from '../workspace/durable-file.ts';
import { keyOpening } from './key-opening.ts';
import { keyCalled, makeKeyFile } from './new-key.ts';
import { common, sessionOf, type CommonOptions, type Run } from './session.ts';

interface NewOptions extends CommonOptions {
  readonly role: string;
}

/** `sealift keys new` */
export function newCommand({ world }: Run): Command {
  const command = new Command('new')
    .description('make one key in an encrypted file; it counts once metadata names it')
    .argument('<name>', 'what it is called here, for example root-anna')
    .requiredOption('--role <role>', 'image-root, image-targets, director-root or product:NAME')
    .action(async (name: string, options: NewOptions) => {
      const session = sessionOf(world, options);
      const role = roleNamed(options.role);
      if (role === undefined || !/^[a-z0-9][a-z0-9._-]{0,79}$/.test(name)) {
        throw new Failure('wrong_usage', 'the name or the role is not one');
      }
      const made = await makeKeyFile({ session, opening: keyOpening(world), role }, name);
      const id = keyIdOf(made.publicKey);
      session.show(
        { id, name, role, file: made.path },
        `${name} is made for ${role}: key id ${id}\n${made.path} (back it up)\nHand others its public half: sealift keys public ${name} --out ${name}.pub.json`,
      );
    });
  return common(command, ['sealift keys new root-anna --role image-root']);
}

interface PublicOptions extends CommonOptions {
  readonly out?: string;
}

/** `sealift keys public` */
export function publicCommand({ world }: Run): Command {
  const command = new Command('public')
    .description('print a public key with a proof that its owner holds it, to hand to others')
    .argument('<name>', 'a key of this workspace, from: sealift keys list')
    .option('--out <file>', 'write it to a file')
    .action(async (name: string, options: PublicOptions) => {
      const session = sessionOf(world, options);
      const { role, publicKey, open } = await keyCalled(
        { session, opening: keyOpening(world) },
        name,
      );
      const bytes = await publicKeyFile({ name, role }, await open());
      const text = Buffer.from(bytes).toString('utf8').trimEnd();
      const id = keyIdOf(publicKey);
      if (options.out === undefined) {
        session.progress(`key id ${id}: read it to whoever adds the key`);
        session.show(JSON.parse(text), text);
        return;
      }
      await writeDurably(options.out, bytes);
      session.show(
        { id, name, role, out: options.out },
        `The public key of ${name} is in ${options.out}.\nKey id ${id}: read it to whoever adds the key.`,
      );
    });
  return common(command, [
    'sealift keys public root-anna --out anna.pub.json',
    'sealift keys public root-anna > anna.pub.json',
  ]);
}
