/** One thing that `npm run check` asks. */
export interface Step {
  readonly name: string;
  /** A command of node_modules/.bin, or `node`. */
  readonly command: readonly [string, ...string[]];
  /** What to do when it fails. */
  readonly hint: string;
}

const CODE = ['shared', 'server', 'agent', 'operator', 'firmware-fixtures', 'test', 'scripts'];
const script = (path: string): Step['command'] => ['node', '--import', 'tsx', path];

/** Fastest first, so that the common mistakes are told within seconds. */
export const STEPS: readonly Step[] = [
  {
    name: 'spec references',
    command: script('scripts/check-spec-references.ts'),
    hint: 'name a clause that the pinned specification has, and test every refusal by its code',
  },
  {
    name: 'format',
    command: ['prettier', '--check', '--log-level', 'warn', '.'],
    hint: 'npm run format',
  },
  {
    name: 'import rules',
    command: ['depcruise', '--config', 'dependency-cruiser.cjs', ...CODE],
    hint: 'each rule in dependency-cruiser.cjs says why it stands',
  },
  {
    name: 'build',
    command: script('scripts/build.ts'),
    hint: 'the bundler names the file',
  },
  {
    name: 'agent size',
    command: script('scripts/check-agent-size.ts'),
    hint: 'see what a new import brought along; the budget is in scripts/build/agent-size.ts',
  },
  {
    name: 'dead code',
    command: ['knip'],
    hint: 'delete it, or stop exporting it',
  },
  {
    name: 'types',
    command: ['tsc', '--noEmit'],
    hint: 'the compiler names the line',
  },
  {
    name: 'lint',
    command: ['eslint', '--max-warnings', '0', '.'],
    hint: 'CONTRIBUTING.md has the reasons behind the rules',
  },
  {
    name: 'tests',
    command: ['vitest', 'run'],
    hint: 'npx vitest run test/the-one-that-failed.test.ts',
  },
];

/** The steps of `--only a,b` or all but those of `--skip a,b`; an unknown name is an error. */
export function chooseSteps(
  steps: readonly Step[],
  { only, skip }: { readonly only?: string | undefined; readonly skip?: string | undefined },
): readonly Step[] {
  const chosen = only === undefined ? undefined : namesIn(only, steps);
  const skipped = skip === undefined ? [] : namesIn(skip, steps);
  return steps.filter(({ name }) => (chosen?.includes(name) ?? true) && !skipped.includes(name));
}

function namesIn(list: string, steps: readonly Step[]): readonly string[] {
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length === 0) return names;
  const known = steps.map(({ name }) => name).join(', ');
  throw new Error(`no step is called ${unknown.join(', ')}; there are: ${known}`);
}
