import { Command, InvalidArgumentError } from 'commander';
import type { TargetsFile } from '../../shared/metadata/targets.ts';
import { draftOn, editProduct } from '../author/ceremony/draft.ts';
import { listHeldKeys } from '../author/held-key-folder.ts';
import { withRecall, withReissue, type ReleaseName } from '../author/release-order.ts';
import { parseName } from './arguments.ts';
import type { ConsentOptions } from './consent.ts';
import { keyOpening } from './key-opening.ts';
import { openPlanned } from './open-event.ts';
import { common, sessionOf, type CommonOptions, type Run, type Session } from './session.ts';

interface ActOptions extends CommonOptions, ConsentOptions {
  readonly reason: string;
}

interface RecallOptions extends ActOptions {
  readonly moveTo?: string;
}

/** `sealift release recall` */
export function recallCommand({ world }: Run): Command {
  const command = actOn('recall', 'stop a release everywhere, for good: a signed statement')
    .option('--move-to <version>', 'the version that devices shall go to', parseName)
    .action(async (product: string, version: string, options: RecallOptions) => {
      const session = sessionOf(world, options);
      const { reason, moveTo } = options;
      const words = { reason, moveTo, at: world.now() };
      await signChange(session, { product, version }, `Recall ${version}`, {
        options,
        edit: (role) => withRecall(role, { product, version }, words),
      });
    });
  return common(command, [
    'sealift release recall gateway 1.3.0 --reason "fills the flash" --move-to 1.2.0',
  ]);
}

/** `sealift release reissue` */
export function reissueCommand({ world }: Run): Command {
  const command = actOn('reissue', 'let devices go back to an older release, unchanged').action(
    async (product: string, version: string, options: ActOptions) => {
      const session = sessionOf(world, options);
      await signChange(session, { product, version }, `Reissue ${version}`, {
        options,
        edit: (role) => withReissue(role, { product, version }),
      });
    },
  );
  return common(command, ['sealift release reissue gateway 1.2.0 --reason "1.3.0 is too slow"']);
}

function actOn(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<product>', 'its product', parseName)
    .argument('<version>', 'its version', parseName)
    .requiredOption('--reason <text>', 'why; signed, and shown to people', parseReason)
    .option('--yes', 'do not ask before a dangerous change; for scripts');
}

interface Act {
  readonly options: ActOptions;
  readonly edit: (role: TargetsFile) => TargetsFile;
}

/** A next version of the product's role, as a signing event: published at once where one key suffices. */
async function signChange(
  session: Session,
  { product }: ReleaseName,
  title: string,
  { options, edit }: Act,
): Promise<void> {
  const { workspace, world } = session;
  await openPlanned(session, {
    title: `${title} of ${product}: ${options.reason}`.slice(0, TITLE_CHARACTERS),
    held: await listHeldKeys(workspace.keysFolder, keyOpening(world)),
    consent: options,
    plan: (standing) => editProduct(draftOn(standing, world.now()), product, edit),
  });
}

const TITLE_CHARACTERS = 200;
const REASON_CHARACTERS = 500;

function parseReason(text: string): string {
  const length = text.trim().length;
  if (length > 0 && text.length <= REASON_CHARACTERS) return text;
  throw new InvalidArgumentError(
    `it must be a sentence of at most ${REASON_CHARACTERS} characters`,
  );
}
