import { openBoot } from '../boot/open-boot.ts';
import { examineBoot } from '../doctor/examine-boot.ts';
import { examineDisk, examineKey } from '../doctor/examine-disk.ts';
import { examineEnrolment, examineServer } from '../doctor/examine-server.ts';
import { examineSlots } from '../doctor/examine-slots.ts';
import { examineClock, examineRoot } from '../doctor/examine-trust.ts';
import { problem, wordsOf, type Finding } from '../doctor/finding.ts';
import { readKept } from '../install/kept-twice.ts';
import { isOfPlatform } from '../platform-error.ts';
import { statePaths } from '../paths.ts';
import { firstState } from '../state/agent-state.ts';
import { STATE_FORM } from '../state/state-form.ts';
import { FIRST_FLOORS, FLOORS_FORM } from '../verify/floors-file.ts';
import type { Invocation } from './command.ts';

/** `doctor`: whether this device could be updated, and what to mend. Exit code 1 with a problem. */
export async function doctor(invocation: Invocation): Promise<number> {
  const { ambient, json } = invocation;
  const findings = await examine(invocation);
  const ok = findings.every((finding) => finding.ok);
  ambient.write(
    json ? `${JSON.stringify({ ok, findings }, null, 2)}\n` : findings.map(lineOf).join(''),
  );
  return ok ? 0 : 1;
}

/** Whoever only asks restarts nothing, and so waits for no end. */
const NEVER_RESTARTS = { bootId: '', untilEnd: (): Promise<void> => Promise.resolve() };

async function examine({ config, ambient }: Invocation): Promise<readonly Finding[]> {
  const { builtAt, signal } = ambient;
  const now = ambient.now();
  const paths = statePaths(config.stateDir);
  const boot = openBoot(config.boot, { slotsDir: config.slotsDir, ...NEVER_RESTARTS });
  const sections: readonly (() => Promise<readonly Finding[]>)[] = [
    () => examineDisk(config),
    async () => [await examineKey(config)],
    () => examineBoot(boot),
    () => examineSlots(config.slots, boot),
    async () => [
      await examineRoot(config, 'image', now),
      await examineRoot(config, 'director', now),
    ],
    async () => {
      const floors = (await readKept(paths.floors, FLOORS_FORM)) ?? FIRST_FLOORS;
      const isConfiguredUntrusted = config.clock === 'untrusted';
      return [examineClock(now, { builtAt, floor: floors.time, isConfiguredUntrusted })];
    },
    async () => [
      await examineServer(config, signal),
      await examineEnrolment(config, (await readKept(paths.state, STATE_FORM)) ?? firstState()),
    ],
  ];
  const findings: Finding[] = [];
  for (const section of sections) findings.push(...(await section().catch(asFinding)));
  return findings;
}

/** A disk that fails here is what somebody wants to know, beside all the rest. */
function asFinding(cause: unknown): readonly Finding[] {
  if (!isOfPlatform(cause)) throw cause;
  return [problem('disk', wordsOf(cause), 'let the agent read its own files; then ask again')];
}

function lineOf(finding: Finding): string {
  const { name, ok, detail } = finding;
  const line = `${ok ? 'well   ' : 'PROBLEM'}  ${name}: ${detail}\n`;
  return finding.ok ? line : `${line}         -> ${finding.remedy}\n`;
}
