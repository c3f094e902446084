import { readFile } from 'node:fs/promises';
import * as z from 'zod';

const Line = z.looseObject({
  at: z.iso.datetime(),
  event: z.string(),
  version: z.string().optional(),
  stage: z.string().optional(),
});

/** When an update of a version was where, by the agent's own log. */
export interface UpdateTimes {
  readonly downloading: Date;
  /** Every artifact is on disk, flushed, and hashed to what was signed. */
  readonly installing: Date;
  /** The slot was written, flushed and measured. */
  readonly activating: Date;
}

/** The times of an update that was committed; undefined while it is not. */
export async function updateTimes(
  logFile: string,
  version: string,
): Promise<UpdateTimes | undefined> {
  const lines = (await readFile(logFile, 'utf8')).split('\n').flatMap(lineOf);
  const own = lines.filter((line) => line.version === version);
  const failure = own.find(({ event }) => /refused|failed|rolled_back/.test(event));
  if (failure !== undefined) throw new Error(`the agent says: ${JSON.stringify(failure)}`);
  if (!own.some(({ event }) => event === 'update_committed')) return undefined;
  const at = (stage: string): Date => {
    const line = own.find((each) => each.stage === stage);
    if (line === undefined) throw new Error(`the log does not tell when ${version} was ${stage}`);
    return new Date(line.at);
  };
  return {
    downloading: at('downloading'),
    installing: at('installing'),
    activating: at('activating'),
  };
}

function lineOf(text: string): readonly z.infer<typeof Line>[] {
  try {
    const line = Line.safeParse(JSON.parse(text));
    return line.success ? [line.data] : [];
  } catch {
    return []; // not a line of JSON, or one that is being written
  }
}
