import { Command, InvalidArgumentError } from 'commander';
import { keyIdOf, keyMaterial } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { listHeldKeys } from '../author/held-key-folder.ts';
import { KeyName, KeyRole } from '../author/key-file.ts';
import { createSigner, requireFreeName } from '../author/key-folder.ts';
import { Failure } from '../failure.ts';
import { firstSigner } from '../signers/open-signer.ts';
import { parseSignerUri, storableUri } from '../signers/signer-uri.ts';
import { keyOpening, type CommandKeys } from './key-opening.ts';
import { SIGNER_HELP } from './signer-help.ts';
import { common, sessionOf, type CommonOptions, type Run, type Session } from './session.ts';

interface AddOptions extends CommonOptions {
  readonly role: string;
  readonly signer: string;
}

/**
 * As long as the role of a product with some hundred releases: a signer that cannot sign as much must
 * be found out now, not when a release is urgent.
 */
const TEST_BYTES = 65_536;

/** `sealift keys add` */
export function addCommand({ world }: Run): Command {
  const command = new Command('add')
    .description('add a key that lies elsewhere: a token, an agent, a key service, another folder')
    .argument('<name>', 'what it is called here, for example root-anna', parseKeyName)
    .requiredOption(
      '--role <role>',
      'image-root, image-targets, director-root or product:NAME',
      parseRole,
    )
    .requiredOption('--signer <uri>', 'where it is, see below')
    .action(async (name: string, options: AddOptions) =>
      addKey(sessionOf(world, options), name, options),
    );
  return common(command, [
    'sealift keys add root-anna --role image-root --signer "pkcs11:token=Anna;object=root?module-path=/usr/lib/softhsm/libsofthsm2.so"',
    'sealift keys add gateway --role product:gateway --signer awskms:arn:aws:kms:eu-central-1:111122223333:key/...',
  ]).addHelpText('after', SIGNER_HELP);
}

/** Nothing is stored before the signer has shown its key and a signature that verifies. */
async function addKey(session: Session, name: string, options: AddOptions): Promise<void> {
  const { workspace, world } = session;
  const uri = storableUri(options.signer);
  await requireFreeName(workspace.keysFolder, name);
  const opening = keyOpening(world);
  session.progress(`asking ${uri} for a test signature`);
  const signer = await firstSigner(uri, opening.signerWorld);
  await requireNewToRole(session, opening, signer, options.role);
  await signer.sign(testMessage(name)); // verified inside
  const { publicKey } = signer;
  const path = await createSigner(workspace.keysFolder, {
    schema: 'sealift.signer/1',
    name,
    role: options.role,
    createdAt: world.now().toISOString(),
    uri,
    publicKey,
  });
  const id = keyIdOf(publicKey);
  const { scheme: source } = parseSignerUri(uri);
  session.show(
    { id, name, role: options.role, source, uri, scheme: publicKey.scheme, file: path },
    `${name} is added: ${publicKey.scheme}, key id ${id}\nrole ${options.role}, signer ${uri}\n` +
      'Metadata must name the key before its signatures count.',
  );
}

/** One key counts once in a role, whatever it is called. */
async function requireNewToRole(
  { workspace }: Session,
  opening: CommandKeys,
  { publicKey }: Signer,
  role: string,
): Promise<void> {
  const material = keyMaterial(publicKey);
  const same = (await listHeldKeys(workspace.keysFolder, opening)).find(
    (held) => held.role === role && keyMaterial(held.publicKey) === material,
  );
  if (same !== undefined) throw new Failure('key_exists', `${same.path} is this key already`);
}

/** Text that says what it is, and can be taken for nothing else. */
function testMessage(name: string): Uint8Array {
  const message = Buffer.alloc(TEST_BYTES, '.');
  message.write(`Sealift: a test signature of the key ${name}. It means nothing.\n`);
  return message;
}

function parseKeyName(text: string): string {
  const name = KeyName.safeParse(text);
  if (name.success) return name.data;
  throw new InvalidArgumentError('it must be of a-z 0-9 . _ - and at most 80 characters');
}

function parseRole(text: string): string {
  const role = KeyRole.safeParse(text);
  if (role.success) return role.data;
  throw new InvalidArgumentError(
    'it must be image-root, image-targets, director-root, product:NAME',
  );
}
