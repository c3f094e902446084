import { captureCommand, type Captured } from '../capture-command.ts';
import type { Log } from '../log.ts';
import { moduleExecutable } from './module-executable.ts';
import { ModuleFailure } from './module-failure.ts';

/** A component and the type of the module that installs it. */
export interface ModuleRef {
  readonly component: string;
  readonly type: string;
}

/** States of the protocol: what a module is called for to do. */
export type ModuleState =
  | 'Download'
  | 'DownloadWithFileSizes'
  | 'ArtifactInstall'
  | 'ArtifactReboot'
  | 'ArtifactVerifyReboot'
  | 'ArtifactCommit'
  | 'Cleanup'
  | 'ArtifactRollback'
  | 'ArtifactRollbackReboot'
  | 'ArtifactVerifyRollbackReboot'
  | 'ArtifactFailure';

/** Questions, which change nothing. The last is ours: a module that does not know it prints nothing. */
export type ModuleQuery =
  'ProvidePayloadFileSizes' | 'NeedsArtifactReboot' | 'SupportsRollback' | 'ProvideInstalledDigest';

/** Calls modules. What goes wrong is thrown as a {@link ModuleFailure}. */
export interface ModuleRunner {
  readonly run: (module: ModuleRef, state: ModuleState) => Promise<void>;
  /** The answer, trimmed; empty when it has none. */
  readonly ask: (module: ModuleRef, query: ModuleQuery) => Promise<string>;
}

/** What calling modules needs. */
export interface RunnerDeps {
  readonly folder: string;
  /** The folder that a module works in. */
  readonly treeOf: (component: string) => string;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly queryMs: number;
  /** A module is about to run, for this long at most. */
  readonly onRun: (milliseconds: number) => void;
  readonly log: Log;
}

const KEPT_BYTES = 4_096;
const DETAIL_CHARACTERS = 500;

/** Mender's calling convention: `<module> <State> <folder>`, from inside that folder. */
export function moduleRunner(deps: RunnerDeps): ModuleRunner {
  return {
    run: async (module, state) => {
      const said = await call(deps, module, { argument: state, ms: deps.timeoutMs, keep: 'last' });
      deps.log('module_ended', { ...module, state, output: outputOf(said) });
    },
    ask: async (module, query) => {
      const said = await call(deps, module, { argument: query, ms: deps.queryMs, keep: 'first' });
      const { output } = said;
      if (output.length < KEPT_BYTES) return output.trim();
      throw new ModuleFailure('module_answer', `${nameOf(module)} answers ${query} with a book`);
    },
  };
}

interface Call {
  readonly argument: ModuleState | ModuleQuery;
  readonly ms: number;
  readonly keep: 'first' | 'last';
}

type Ended = Extract<Captured, { readonly kind: 'ended' }>;

async function call(
  { folder, treeOf, graceMs, onRun, log }: RunnerDeps,
  module: ModuleRef,
  { argument, ms, keep }: Call,
): Promise<Ended> {
  const path = await moduleExecutable(folder, module.type);
  const tree = treeOf(module.component);
  onRun(ms + graceMs);
  const captured = await captureCommand({
    command: [path, argument, tree],
    folder: tree,
    timeoutMs: ms,
    graceMs,
    leavesNothing: true,
    environment: { SEALIFT_COMPONENT: module.component, [TREE_VARIABLE]: tree },
    limitBytes: KEPT_BYTES,
    keep,
  });
  if (captured.kind === 'ended' && captured.code === 0) return captured;
  const failure = failureOf(captured, `${nameOf(module)} in ${argument}`, ms);
  log('module_failed', {
    ...module,
    state: argument,
    reason: failure.reason,
    detail: failure.message,
  });
  throw failure;
}

/** By this the processes of a module are known again, even after the agent was killed. */
export const TREE_VARIABLE = 'SEALIFT_MODULE_TREE';

function failureOf(captured: Captured, who: string, ms: number): ModuleFailure {
  if (captured.kind === 'missing') return new ModuleFailure('module_unusable', captured.detail);
  const said = outputOf(captured).slice(-DETAIL_CHARACTERS);
  const words = said === '' ? '' : `: ${said}`;
  switch (captured.kind) {
    case 'hung':
      return new ModuleFailure('module_hung', `${who} ran longer than ${ms} ms${words}`);
    case 'killed':
      return new ModuleFailure('module_killed', `${who} was killed by ${captured.signal}${words}`);
    case 'ended':
      return new ModuleFailure('module_failed', `${who} ended with ${captured.code}${words}`);
  }
}

function outputOf({
  output,
  errors,
}: {
  readonly output: string;
  readonly errors: string;
}): string {
  return [output, errors]
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .join('\n');
}

/** How a module is spoken of. */
export function nameOf({ component, type }: ModuleRef): string {
  return `module ${type} of ${component}`;
}
