import { Argument, Command, Option } from 'commander';
import type { Device, DeviceDetail } from '../operate/answers.ts';
import type { Api } from '../operate/api.ts';
import { parseName, wholeNumber } from './arguments.ts';
import { common, connect, sessionOf, type CommonOptions, type Run } from './session.ts';
import { facts, table } from './table.ts';

const PAGE = 200;
const STATES = ['pending', 'accepted', 'rejected', 'retired'];

interface ListOptions extends CommonOptions {
  readonly product?: string;
  readonly state?: string;
  readonly limit: number;
}

/** `sealift device …` */
export function deviceCommands(run: Run): Command {
  const group = new Command('device')
    .description('devices: who they are and what they proved to run')
    .addCommand(listCommand(run))
    .addCommand(showCommand(run));
  for (const action of ['accept', 'reject', 'retire'] as const) {
    group.addCommand(changeCommand(run, action));
  }
  return group;
}

function listCommand({ world }: Run): Command {
  const command = new Command('list')
    .description('list devices')
    .option('--product <name>', 'of this product only', parseName)
    .addOption(new Option('--state <state>', 'in this state only').choices(STATES))
    .option('--limit <n>', 'at most so many', wholeNumber(1, 1_000_000), 1_000)
    .action(async (options: ListOptions) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const devices = await listDevices(api, options);
      const headings = ['id', 'product', 'hardware', 'state', 'presence', 'runs', 'assignment'];
      const text = devices.length === 0 ? 'No devices.' : table(headings, devices.map(rowOf));
      session.show({ devices }, text);
    });
  return common(command, ['sealift device list --state pending']);
}

async function listDevices(
  api: Api,
  { product, state, limit }: ListOptions,
): Promise<readonly Device[]> {
  const devices: Device[] = [];
  let after: string | undefined;
  while (devices.length < limit) {
    const page = await api.devices({
      product,
      state,
      after,
      limit: Math.min(PAGE, limit - devices.length),
    });
    devices.push(...page.devices);
    if (page.next === undefined || page.next === null || page.next === after) break;
    after = page.next;
  }
  return devices;
}

function rowOf({
  id,
  product,
  hardwareId,
  state,
  presence,
  running,
  assignment,
}: Device): string[] {
  const assigned = assignment === null ? '-' : `${assignment.version} ${assignment.state}`;
  return [id, product, hardwareId, state, presence, running?.version ?? '-', assigned];
}

function showCommand({ world }: Run): Command {
  const command = new Command('show')
    .description('show one device, its assignment and its last reports')
    .argument('<id>', 'its id')
    .action(async (id: string, options: CommonOptions) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const device = await api.device(id);
      session.show(device, describe(device));
    });
  return common(command, ['sealift device show pi-0042']);
}

function describe(device: DeviceDetail): string {
  const { running, assignment, lastReports } = device;
  const known = facts([
    ['device', device.id],
    ['product', device.product],
    ['hardware', device.hardwareId],
    ['state', `${device.state}, ${device.presence}`],
    ['enrolled', device.enrolledAt],
    ['last seen', device.lastSeenAt],
    ['runs', running?.version],
    ['manifest', running?.manifestSha256],
    ['installed', running?.installedSha256],
    ['slot', running?.slot],
    ['security epoch', running?.securityEpoch],
    ['assignment', assignment && `${assignment.version} ${assignment.state}`],
    ...waitingOf(device),
    ...signalsOf(device),
    ['why', assignment && [assignment.code, assignment.detail].filter(Boolean).join(': ')],
  ]);
  const rows = lastReports.map(({ number, kind, receivedAt }) => [number, kind, receivedAt]);
  return rows.length === 0 ? known : `${known}\n\n${table(['report', 'kind', 'received'], rows)}`;
}

/** Which conditions of its release do not hold there, one a line. */
function waitingOf({ waiting }: DeviceDetail): Parameters<typeof facts>[0] {
  return (waiting?.reasons ?? []).map(({ condition, detail }) => [
    'waits for',
    `${condition}: ${detail}`,
  ]);
}

/** What it says of its clock, its metadata and its way to the server. */
function signalsOf({ time, metadata, noticed }: DeviceDetail): Parameters<typeof facts>[0] {
  return [
    ['verified time', time?.verified],
    ['clock', time && (time.clock === 'trusted' ? time.clock : `not trusted: ${time.clock}`)],
    ['image metadata', metadata && versionsOf(metadata.image)],
    ['director metadata', metadata && versionsOf(metadata.director)],
    [
      'noticed',
      noticed &&
        `${noticed.attack} since ${noticed.since}, ${noticed.times} times, last ${noticed.code}`,
    ],
  ];
}

type Versions = NonNullable<DeviceDetail['metadata']>['image'];

/** A root that it came with is not a version that it has verified over the air. */
function versionsOf({ root, timestamp, snapshot, targets }: Versions): string {
  const numbers = { root, timestamp, snapshot, targets };
  return Object.entries(numbers)
    .map(([role, version]) => `${role} ${version === null ? '-' : `v${version}`}`)
    .join(', ');
}

function changeCommand({ world }: Run, action: 'accept' | 'reject' | 'retire'): Command {
  const what = {
    accept: 'let a pending device in',
    reject: 'refuse a device',
    retire: 'take a device out of service',
  }[action];
  const command = new Command(action)
    .description(what)
    .addArgument(new Argument('<id>', 'its id'))
    .action(async (id: string, options: CommonOptions) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const device = await api.changeDevice(id, action);
      session.show(device, facts([[device.id, device.state]]));
    });
  return common(command, [`sealift device ${action} pi-0042`]);
}
