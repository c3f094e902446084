import { Command } from 'commander';
import { shortId } from '../author/ceremony/finding.ts';
import { inspectEvent, type InspectedEvent } from '../author/ceremony/inspect-event.ts';
import { fileStatus, roleStatus, type KeyStatus } from '../author/ceremony/status.ts';
import { listHeldKeys } from '../author/held-key-folder.ts';
import { explain } from '../explain.ts';
import { headText, missingText } from './event-view.ts';
import { keyOpening } from './key-opening.ts';
import { common, sessionOf, type CommonOptions, type Run, type Session } from './session.ts';
import { verifyServer, type Verified } from './standing.ts';
import { table } from './table.ts';

/** `sealift keys status` */
export function statusCommand({ world }: Run): Command {
  const command = new Command('status')
    .description('who holds which keys, what expires when, and who still must sign what')
    .action(async (options: CommonOptions) => showStatus(sessionOf(world, options)));
  return common(command, ['sealift keys status']);
}

async function showStatus(session: Session): Promise<void> {
  const { workspace, world } = session;
  const verified = await verifyServer(session);
  const held = await listHeldKeys(workspace.keysFolder, keyOpening(world));
  const roles = roleStatus(verified.standing, held, world.now());
  const files = fileStatus(verified.standing, world.now());
  const events = await openEvents(session, verified);
  if (verified.standing.directorRoot === undefined) {
    session.progress('This workspace has no director root, so nothing is said about it.');
  }
  const roleRows = roles.flatMap(({ role, threshold, keys }) =>
    keys.map((key, i) => [
      ...[i === 0 ? role : '', i === 0 ? `${threshold} of ${keys.length}` : ''],
      ...keyCells(key),
    ]),
  );
  const fileRows = files.map(({ repository, role, version, expires, daysLeft, level }) => [
    ...[`${repository} ${role}`, version, expires.slice(0, 10), daysLeft],
    level === 'ok' ? level : level.toUpperCase(),
  ]);
  session.show(
    { roles, files, events: events.map(({ json }) => json) },
    [
      table(['role', 'must sign', 'holder', 'key', 'age in days', 'here as'], roleRows),
      table(['file', 'version', 'expires', 'days left', 'level'], fileRows),
      ...events.map(({ text }) => text),
    ].join('\n\n'),
  );
}

function keyCells({ holder, id, ageDays, here }: KeyStatus): readonly (string | number | null)[] {
  return [holder, shortId(id), ageDays, here];
}

/** Each as found here; one that cannot be signed says why, and hides nothing else. */
async function openEvents(
  session: Session,
  { api, standing }: Verified,
): Promise<readonly { readonly json: unknown; readonly text: string }[]> {
  const { events } = await api.events('open');
  const shown = [];
  for (const { id } of events) {
    const event = await api.event(id);
    const found = inspectOrWhy(() => inspectEvent(event, standing, session.world.now()));
    const text = 'why' in found ? `  not to be signed: ${found.why}` : missingText(found.inspected);
    const state =
      'why' in found ? { refused: found.why } : { files: found.inspected.files.map(needsOnly) };
    shown.push({
      json: { event: id, title: event.title, ...state },
      text: `${headText(event)}\n${text}`,
    });
  }
  return shown;
}

function needsOnly({ repository, role, version, needs }: InspectedEvent['files'][number]): unknown {
  return { repository, role, version, needs };
}

function inspectOrWhy(
  inspect: () => InspectedEvent,
): { readonly inspected: InspectedEvent } | { readonly why: string } {
  try {
    return { inspected: inspect() };
  } catch (error) {
    const { code, message } = explain(error);
    return { why: `${message} [${code}]` };
  }
}
