import { buildFacts, type BuildFacts } from './build-facts.ts';
import { buildProgram } from './build-program.ts';
import { PROGRAMS } from './programs.ts';

/** What was built. */
export interface Built {
  readonly facts: BuildFacts;
  /** Length in bytes by name of the program. */
  readonly bytes: ReadonlyMap<string, number>;
}

/** Bundles the three programs into dist/. */
export async function buildAll(): Promise<Built> {
  const facts = await buildFacts();
  const lengths = await Promise.all(
    PROGRAMS.map(async (program) => [program.name, await buildProgram(program, facts)] as const),
  );
  return { facts, bytes: new Map(lengths) };
}
