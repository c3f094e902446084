import type { Source } from './sources.ts';

/** The refusal codes that no test asserts: none says the code as a quoted word. */
export function untestedCodes<Code extends string>(
  codes: readonly Code[],
  tests: readonly Source[],
): readonly Code[] {
  const said = new Set(tests.flatMap(({ text }) => [...text.matchAll(QUOTED)].map(wordOf)));
  return codes.filter((code) => !said.has(code));
}

const QUOTED = /['"`]([a-z_]+)['"`]/g;

function wordOf([, word]: RegExpExecArray): string {
  return word ?? '';
}
