import { Command, Option } from 'commander';
import type { TokenRequest } from '../operate/api.ts';
import { Failure } from '../failure.ts';
import { parseName, wholeNumber } from './arguments.ts';
import { common, connect, sessionOf, type CommonOptions, type Run } from './session.ts';

interface CreateOptions extends CommonOptions {
  readonly kind: 'enrolment' | 'operator';
  readonly name: string;
  readonly product?: string;
  readonly uses?: number;
  readonly hours?: number;
  readonly role?: string;
  readonly pending?: boolean;
}

/** `sealift token …` */
export function tokenCommands({ world }: Run): Command {
  const create = new Command('create')
    .description('make a token; it is shown once and cannot be shown again')
    .addOption(
      new Option('--kind <kind>', 'for devices to enrol, or for a person or a script')
        .choices(['enrolment', 'operator'])
        .makeOptionMandatory(),
    )
    .requiredOption('--name <name>', 'what it is for; shown in the audit trail')
    .option('--product <name>', 'enrolment: only for this product', parseName)
    .option('--uses <n>', 'enrolment: how many devices (default: 1)', wholeNumber(1, 100_000))
    .option('--hours <n>', 'how long it is good for', wholeNumber(1, 87_600))
    .option('--pending', 'enrolment: devices wait until somebody accepts them')
    .addOption(
      new Option('--role <role>', 'operator: what its holder may do').choices([
        'admin',
        'author',
        'operator',
        'viewer',
      ]),
    )
    .action(async (options: CreateOptions) => {
      const session = sessionOf(world, options);
      const request = requestOf(options);
      const { api } = await connect(session);
      const { token, expiresAt } = await api.createToken(request);
      session.progress(
        `${expiresAt === null ? 'it does not expire' : `good until ${expiresAt}`}; it is not shown again`,
      );
      session.show({ token, expiresAt }, token);
    });
  common(create, [
    'sealift token create --kind enrolment --name line-3 --product gateway --uses 500',
    'sealift token create --kind operator --name ci --role author --hours 24',
  ]);
  return new Command('token').description('tokens for devices and people').addCommand(create);
}

/** Options of one kind with the other kind are a mistake, not something to ignore. */
function requestOf(options: CreateOptions): TokenRequest {
  return options.kind === 'operator' ? operatorToken(options) : enrolmentToken(options);
}

function operatorToken(options: CreateOptions): TokenRequest {
  const { name, role, hours, product, uses, pending } = options;
  if (role === undefined) throw new Failure('wrong_usage', 'an operator token needs --role');
  if (product !== undefined || uses !== undefined || pending !== undefined) {
    throw new Failure('wrong_usage', '--product, --uses and --pending are for enrolment tokens');
  }
  return { kind: 'operator', name, role, ...(hours !== undefined && { hours }) };
}

function enrolmentToken(options: CreateOptions): TokenRequest {
  const { name, role, product, uses = 1, hours = 24, pending = false } = options;
  if (role !== undefined) throw new Failure('wrong_usage', '--role is for operator tokens');
  const limit = product !== undefined && { product };
  return { kind: 'enrolment', name, ...limit, uses, hours, accept: !pending };
}
