import Table from 'cli-table3';
import { Audit } from '../../fleet/answers.ts';
import { agentStatus, agentVerifies } from '../../fleet/agent.ts';
import { devicesOf, serviceVersion, type Fleet } from '../fleet.ts';
import { claim, type Happening, type Told } from '../stage.ts';

/** A device at the end of the story. */
interface Row {
  readonly device: string;
  readonly runs: string;
  readonly securityEpoch: number;
  readonly refused: readonly string[];
  readonly rolledBack: readonly string[];
}

/** Every device with what it runs, what it refused and why, and what it rolled back and why. */
export async function lookAtDevices(
  fleet: Fleet,
  happenings: readonly Happening[],
  version: string,
): Promise<Told<string>> {
  const rows = await Promise.all(fleet.devices.map((device) => rowOf(device, happenings)));
  const known = await devicesOf(fleet);
  claim(
    rows.every(({ runs }) => runs === version),
    `every service answers as ${version}`,
  );
  claim(
    known.every(({ running }) => running?.version === version),
    `the server knows that every device runs ${version}`,
  );
  const verified = await Promise.all(fleet.devices.map(agentVerifies));
  claim(
    verified.every(Boolean),
    'the running slot of every device measures as its author signed it',
  );
  const copies = happenings.filter(({ device }) => !rows.some((row) => row.device === device));
  return {
    says: `${rows.length} devices run ${version}; the table is below`,
    facts: { table: rows, copies },
    value: tableOf([...rows, ...copies.map(copyRow)]),
  };
}

/** The audit trail, checked entry by entry on the author's machine. */
export async function verifyAudit({ author }: Fleet): Promise<Told<void>> {
  const { entries, head } = await author.ask(Audit, 'audit', 'verify');
  claim(entries > 0, 'there is an audit trail');
  return {
    says: `${entries} entries, each holding the hash of the one before; head ${head.slice(0, 16)}…`,
    facts: { entries, head },
    value: undefined,
  };
}

async function rowOf(device: Fleet['devices'][number], all: readonly Happening[]): Promise<Row> {
  const { id } = device;
  const { securityEpoch } = await agentStatus(device);
  const named = (wanted: Happening['what']): readonly string[] =>
    all
      .filter(({ device: to, what }) => to === id && what === wanted)
      .map((happening) => `${happening.version}: ${happening.why}`);
  return {
    device: id,
    runs: await serviceVersion(device),
    securityEpoch,
    refused: named('refused'),
    rolledBack: named('rolled back'),
  };
}

function copyRow({ device, version, why }: Happening): Row {
  return {
    device,
    runs: '',
    securityEpoch: 0,
    refused: [`${version}: ${why}`],
    rolledBack: [],
  };
}

function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    head: ['device', 'runs', 'refused', 'rolled back'],
    style: { head: [], border: [] },
  });
  for (const { device, runs, refused, rolledBack } of rows) {
    table.push([device, runs, refused.join('\n'), rolledBack.join('\n')]);
  }
  return table.toString();
}
