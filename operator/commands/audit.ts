import { Command } from 'commander';
import {
  downloadTrail,
  loadAuditHead,
  requireWholeTrail,
  saveAuditHead,
} from '../operate/audit-trail.ts';
import { wholeNumber } from './arguments.ts';
import { common, connect, sessionOf, type CommonOptions, type Run } from './session.ts';
import { table } from './table.ts';

interface ListOptions extends CommonOptions {
  readonly after: number;
  readonly limit: number;
}

/** `sealift audit …` */
export function auditCommands(run: Run): Command {
  return new Command('audit')
    .description('the trail of everything that operators and the server did')
    .addCommand(listCommand(run))
    .addCommand(verifyCommand(run));
}

function listCommand({ world }: Run): Command {
  const command = new Command('list')
    .description('list entries, oldest first')
    .option('--after <n>', 'only entries after this number', wholeNumber(0, 2 ** 48), 0)
    .option('--limit <n>', 'at most so many', wholeNumber(1, 1_000), 100)
    .action(async (options: ListOptions) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const entries = await api.audit(options.after, options.limit);
      const rows = entries.map((entry) => [
        entry.sequence,
        entry.at,
        entry.actor,
        entry.action,
        entry.subject,
      ]);
      session.show({ entries }, table(['#', 'at', 'actor', 'action', 'subject'], rows));
    });
  return common(command, ['sealift audit list --limit 20']);
}

function verifyCommand({ world }: Run): Command {
  const command = new Command('verify')
    .description('check the whole trail here, and that it goes on from what was seen before')
    .action(async (options: CommonOptions) => {
      const session = sessionOf(world, options);
      const { api, connection } = await connect(session);
      const file = session.workspace.auditHeadFile;
      const seen = await loadAuditHead(file);
      const entries = await downloadTrail((after, limit) => api.audit(after, limit));
      const head = requireWholeTrail(connection.server, entries, seen);
      await saveAuditHead(file, head);
      const since = seen?.server === head.server ? `, ${head.sequence - seen.sequence} new` : '';
      session.show(
        { entries: head.sequence, head: head.hash },
        `The trail is whole: ${head.sequence} entries${since}.\nhead ${head.hash}`,
      );
    });
  return common(command, ['sealift audit verify']);
}
