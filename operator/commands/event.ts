import { Command } from 'commander';
import { exportEvent, importSignatures } from './event-carry.ts';
import { fetchEvent, inspectLoaded, loadFromFile, loadFromServer } from './event-load.ts';
import { signOpenEvent, type SignOptions } from './event-sign.ts';
import { differenceText, headText, inspectionJson, missingText } from './event-view.ts';
import { Failure } from '../failure.ts';
import { common, connect, sessionOf, type CommonOptions, type Run } from './session.ts';
import type { Session } from './session.ts';
import { table } from './table.ts';

/** `sealift event …` */
export function eventCommands(run: Run): Command {
  return new Command('event')
    .description('signing events: changes to roots, targets and products that several people sign')
    .addCommand(listCommand(run))
    .addCommand(showCommand(run))
    .addCommand(signCommand(run))
    .addCommand(withdrawCommand(run))
    .addCommand(exportCommand(run))
    .addCommand(importCommand(run));
}

interface ListOptions extends CommonOptions {
  readonly all?: boolean;
}

function listCommand({ world }: Run): Command {
  const command = new Command('list')
    .description('list the open signing events, as the server tells it')
    .option('--all', 'closed ones too')
    .action(async (options: ListOptions) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const { events } = await api.events(options.all === true ? undefined : 'open');
      const rows = events.map(({ id, title, state, stale, openedBy, openedAt, files }) => [
        ...[id, title, stale ? `${state}, stale` : state, openedBy, openedAt],
        files
          .map(({ repository, role, version }) => `${repository}/${role} v${version}`)
          .join(', '),
      ]);
      const headings = ['id', 'title', 'state', 'opened by', 'at', 'files'];
      session.show({ events }, rows.length === 0 ? 'No open events.' : table(headings, rows));
    });
  return common(command, ['sealift event list', 'sealift event list --all']);
}

interface ShowOptions extends CommonOptions {
  readonly file?: string;
}

function showCommand({ world }: Run): Command {
  const command = new Command('show')
    .description('tell what an event changes and who must sign, computed on this machine')
    .argument('[id]', 'id of the event, from: sealift event list')
    .option('--file <file>', 'an exported event, for a machine without network')
    .action(async (id: string | undefined, options: ShowOptions) =>
      showEvent(sessionOf(world, options), id, options.file),
    );
  return common(command, [
    'sealift event show 7',
    'sealift event show --file event-7.json     (without network)',
  ]);
}

async function showEvent(
  session: Session,
  id: string | undefined,
  file: string | undefined,
): Promise<void> {
  if ((id === undefined) === (file === undefined)) {
    throw new Failure('wrong_usage', 'name an event, or --file FILE');
  }
  if (id !== undefined) {
    const { files, ...event } = await fetchEvent(session, id);
    if (event.state !== 'open') {
      const named = files.map(({ repository, role, version }) => ({ repository, role, version }));
      session.show(
        { event: id, title: event.title, state: event.state, files: named },
        headText(event),
      );
      return;
    }
  }
  const loaded =
    file === undefined
      ? await loadFromServer(session, id ?? '')
      : await loadFromFile(session, file);
  const inspected = await inspectLoaded(session, loaded);
  const { event } = loaded;
  session.show(
    { event: event.id, title: event.title, state: event.state, ...inspectionJson(inspected) },
    `${headText(event)}\n\n${differenceText(inspected)}\n\n${missingText(inspected)}`,
  );
}

function signCommand({ world }: Run): Command {
  const command = new Command('sign')
    .description('show what an event changes, ask, and sign it with the keys of this workspace')
    .argument('[id]', 'id of the event, from: sealift event list')
    .option('--key <name>', 'sign with this key only (default: every key here that counts)')
    .option('--file <file>', 'an exported event, for a machine without network')
    .option('--out <file>', 'where the signatures go, with --file')
    .option('--yes', 'sign without asking; for scripts that have checked the fingerprint')
    .action(async (id: string | undefined, options: SignOptions) =>
      signOpenEvent(sessionOf(world, options), id, options),
    );
  return common(command, [
    'sealift event sign 7',
    'sealift event sign --file event-7.json --out signatures.json     (without network)',
  ]);
}

function withdrawCommand({ world }: Run): Command {
  const command = new Command('withdraw')
    .description('end an event without publishing it')
    .argument('<id>', 'id of the event')
    .action(async (id: string, options: CommonOptions) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const event = await api.withdrawEvent(id);
      session.show({ event: id, title: event.title, state: event.state }, headText(event));
    });
  return common(command, ['sealift event withdraw 7']);
}

function exportCommand({ world }: Run): Command {
  const command = new Command('export')
    .description('write an event to a file, for a holder whose machine has no network')
    .argument('<id>', 'id of the event')
    .requiredOption('--out <file>', 'the file to write')
    .action(async (id: string, options: CommonOptions & { readonly out: string }) =>
      exportEvent(sessionOf(world, options), id, options.out),
    );
  return common(command, ['sealift event export 7 --out event-7.json']);
}

function importCommand({ world }: Run): Command {
  const command = new Command('import-signatures')
    .description('submit signatures that were made without network')
    .argument('<file>', 'what `sealift event sign --file ... --out ...` wrote')
    .action(async (file: string, options: CommonOptions) =>
      importSignatures(sessionOf(world, options), file),
    );
  return common(command, ['sealift event import-signatures signatures.json']);
}
