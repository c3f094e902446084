import { join } from 'node:path';
import { captureCommand, type Captured } from '../capture-command.ts';
import type { Log } from '../log.ts';
import type { Stage } from '../machine.ts';
import { findHooks } from './find-hooks.ts';

/** On which side of a stage's work a hook runs. */
export type Moment = 'before' | 'after';

/** What the hooks of a stage said together. */
export type HooksSaid =
  | { readonly kind: 'continue' }
  | { readonly kind: 'later'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string };

/** What running hooks needs. */
export interface RunHooksDeps {
  /** Holds a folder for each stage that has hooks. */
  readonly folder: string;
  /** Where hooks run. */
  readonly workFolder: string;
  readonly timeoutMs: number;
  /** A hook is about to run, for this long at most. */
  readonly onRun: (milliseconds: number) => void;
  readonly log: Log;
}

/** Which stage, which side of it, and what a hook is told about it. */
export interface HookCall {
  readonly stage: Stage;
  readonly moment: Moment;
  readonly environment: Readonly<Record<string, string>>;
}

const LATER = 75; // EX_TEMPFAIL of sysexits.h
const KEPT_BYTES = 4_096;
const DETAIL_CHARACTERS = 500;

/** Runs the hooks of a stage by name, one after another, up to the first that does not say "go on". */
export async function runHooks(deps: RunHooksDeps, call: HookCall): Promise<HooksSaid> {
  const found = await findHooks(join(deps.folder, call.stage));
  if (found.kind === 'unusable') return { kind: 'failed', detail: found.detail };
  for (const path of found.paths) {
    const said = await runHook(deps, path, call);
    if (said.kind !== 'continue') return said;
  }
  return { kind: 'continue' };
}

async function runHook(
  { workFolder, timeoutMs, onRun, log }: RunHooksDeps,
  path: string,
  { stage, moment, environment }: HookCall,
): Promise<HooksSaid> {
  onRun(timeoutMs);
  const captured = await captureCommand({
    command: [path, moment],
    folder: workFolder,
    timeoutMs,
    environment: { ...environment, SEALIFT_STAGE: stage, SEALIFT_MOMENT: moment },
    limitBytes: KEPT_BYTES,
    keep: 'last',
  });
  const ended = endOf(captured, timeoutMs);
  const output = outputOf(captured);
  log('hook_ended', { hook: path, stage, moment, ended, output });
  if (captured.kind === 'ended' && captured.code === 0) return { kind: 'continue' };
  const detail = `hook ${path} ${moment} ${stage} ${ended}${output === '' ? '' : `: ${output.slice(-DETAIL_CHARACTERS)}`}`;
  const isLater = captured.kind === 'ended' && captured.code === LATER;
  return { kind: isLater ? 'later' : 'failed', detail };
}

function endOf(captured: Captured, timeoutMs: number): string {
  switch (captured.kind) {
    case 'missing':
      return `could not be started (${captured.detail})`;
    case 'hung':
      return `ran longer than ${timeoutMs} ms`;
    case 'killed':
      return `was killed by ${captured.signal}`;
    case 'ended':
      return `ended with ${captured.code}`;
  }
}

function outputOf(captured: Captured): string {
  if (captured.kind === 'missing') return '';
  return [captured.output, captured.errors]
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .join('\n');
}
