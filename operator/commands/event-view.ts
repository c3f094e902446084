import type { SigningEvent } from '../../shared/ceremony/event.ts';
import { shortId, type Finding } from '../author/ceremony/finding.ts';
import {
  allFindings,
  type InspectedEvent,
  type InspectedFile,
  type InspectedNeed,
} from '../author/ceremony/inspect-event.ts';
import { harmless } from './table.ts';

type Inspection = Pick<InspectedEvent, 'files' | 'findings' | 'fingerprint'>;

/** The difference that an event makes, for the person who is asked to sign it. */
export function differenceText(inspected: Inspection): string {
  const dangers = dangersOf(inspected);
  const warning =
    dangers.length === 0
      ? []
      : [`${BAR}\n  ${dangers.length} DANGEROUS CHANGE(S), marked !! below\n${BAR}`];
  return [
    ...warning,
    ...inspected.files.map(fileText),
    ...(inspected.findings.length === 0 ? [] : [lines('with it', inspected.findings)]),
    `fingerprint ${inspected.fingerprint}\n(holders who read the same one to each other sign the same)`,
  ].join('\n\n');
}

/** What must not be overlooked. */
export function dangersOf(inspected: Inspection): readonly string[] {
  return allFindings(inspected)
    .filter(({ level }) => level === 'danger')
    .map(({ text }) => text);
}

/** The same for a script. */
export function inspectionJson(inspected: Inspection): Readonly<Record<string, unknown>> {
  const texts = (findings: readonly Finding[], level: Finding['level']): readonly string[] =>
    findings.filter((finding) => finding.level === level).map(({ text }) => text);
  return {
    fingerprint: inspected.fingerprint,
    dangers: dangersOf(inspected),
    changes: texts(inspected.findings, 'change'),
    files: inspected.files.map(({ repository, role, version, sha256, findings, needs }) => ({
      repository,
      role,
      version,
      sha256,
      changes: texts(findings, 'change'),
      dangers: texts(findings, 'danger'),
      needs,
    })),
  };
}

/** What still must happen before an event is published. */
export function missingText({ files }: Pick<InspectedEvent, 'files'>): string {
  const open = files.flatMap(({ repository, role, needs }) =>
    needs
      .filter(({ isMet }) => !isMet)
      .map((need) => `  ${nameOf(repository, role)}: ${missingOf(need)}`),
  );
  return open.length === 0 ? 'Every signature is there.' : `Still to sign:\n${open.join('\n')}`;
}

/** State, title, who opened it. Only the server knows these; nothing rests on them. */
export function headText(
  event: Pick<SigningEvent, 'id' | 'title' | 'state' | 'openedBy' | 'openedAt' | 'stale'>,
): string {
  const stale = event.stale ? ', STALE: another version was published meanwhile' : '';
  return harmless(
    `Event ${event.id}: ${event.title} [${event.state}${stale}], opened by ${event.openedBy} at ${event.openedAt}`,
  );
}

const BAR = '!'.repeat(60);

function fileText({ repository, role, version, findings, needs }: InspectedFile): string {
  const title = `${nameOf(repository, role)} v${version}`;
  return [lines(title, findings), ...needs.map(needText)].join('\n');
}

function lines(title: string, findings: readonly Finding[]): string {
  const said = findings.map(
    ({ level, text }) => `  ${level === 'danger' ? '!!' : '- '} ${harmless(text)}`,
  );
  return [harmless(title), ...said].join('\n');
}

function needText({ by, threshold, signatories }: InspectedNeed): string {
  const who = signatories.map(
    ({ keyId, holder, hasSigned }) =>
      `[${hasSigned ? 'x' : ' '}] ${holder ?? 'no holder named'} (${shortId(keyId)})`,
  );
  return harmless(`  signed by ${threshold} of (${by}): ${who.join('  ')}`);
}

function missingOf({ by, threshold, signed, signatories }: InspectedNeed): string {
  const who = signatories
    .filter(({ hasSigned }) => !hasSigned)
    .map(({ keyId, holder }) => holder ?? shortId(keyId));
  return harmless(`${threshold - signed} more of ${who.join(', ')} (${by})`);
}

function nameOf(repository: string, role: string): string {
  return role === 'root' || role === 'targets' ? `${repository} ${role}` : `product ${role}`;
}
