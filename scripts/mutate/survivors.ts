import * as z from 'zod';

const mutant = z.object({
  mutatorName: z.string(),
  replacement: z.string().default(''),
  status: z.string(),
  location: z.object({ start: z.object({ line: z.number(), column: z.number() }) }),
});

/** As much of Stryker's JSON report as we read. */
const Report = z.object({
  files: z.record(z.string(), z.object({ source: z.string(), mutants: z.array(mutant) })),
});

/** A change of the code that no test noticed. Found again by its line's text, not by its number. */
export interface Survivor {
  readonly file: string;
  readonly line: number;
  /** The line as it is, without its margin. */
  readonly code: string;
  readonly column: number;
  readonly becomes: string;
}

/** One that cannot be noticed, because nothing that anybody could see differs. */
const equivalent = z.strictObject({
  file: z.string(),
  code: z.string(),
  becomes: z.string(),
  why: z.string().min(20),
});
export const EquivalentsSchema = z.array(equivalent);
export type Equivalent = Readonly<z.infer<typeof equivalent>>;

/** How many mutants a run had, and which lived. Without coverage is as good as alive. */
export function survivorsOf(report: unknown): {
  readonly tried: number;
  readonly survivors: readonly Survivor[];
} {
  const files = Object.entries(Report.parse(report).files);
  const tried = files.flatMap(([, { mutants }]) => mutants).filter(isTried).length;
  const survivors = files.flatMap(([file, { source, mutants }]) => {
    const lines = source.split('\n');
    return mutants.filter(lives).map(({ location: { start }, replacement }) => ({
      file,
      line: start.line,
      column: start.column,
      code: lines[start.line - 1]?.trim() ?? '',
      becomes: replacement,
    }));
  });
  return { tried, survivors };
}

/** The survivors that the list does not explain. */
export function unexplained(
  survivors: readonly Survivor[],
  list: readonly Equivalent[],
): readonly Survivor[] {
  return survivors.filter((survivor) => !list.some((each) => isSame(survivor, each)));
}

/** What the list explains although it did not live, of the files that were tried. */
export function outdated(
  survivors: readonly Survivor[],
  list: readonly Equivalent[],
  files: readonly string[],
): readonly Equivalent[] {
  return list.filter(
    (each) => files.includes(each.file) && !survivors.some((one) => isSame(one, each)),
  );
}

function isSame(survivor: Survivor, { file, code, becomes }: Equivalent): boolean {
  return survivor.file === file && survivor.code === code && survivor.becomes === becomes;
}

function isTried({ status }: z.infer<typeof mutant>): boolean {
  return status !== 'Ignored' && status !== 'CompileError' && status !== 'RuntimeError';
}

function lives({ status }: z.infer<typeof mutant>): boolean {
  return status === 'Survived' || status === 'NoCoverage';
}
