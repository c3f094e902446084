import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { bundlePath } from '../build/build-program.ts';
import type { Keeper, Running } from '../processes/keeper.ts';
import { until } from '../processes/until.ts';

/** A server that listens. */
export interface Server {
  readonly http: string;
  readonly mqtt: string;
  /** The first operator token; printed once, on the first start. */
  readonly token: string;
  readonly dataFolder: string;
  readonly process: Running;
}

const Listening = z.object({ event: z.literal('listening'), http: z.string(), mqtt: z.string() });
const START_SECONDS = 20;

/** Starts `sealift-server` on free ports over an empty data folder, and waits until it listens. */
export async function startServer(
  keeper: Keeper,
  dataFolder: string,
  interrupted: AbortSignal,
): Promise<Server> {
  const process_ = keeper.start('server', [
    process.execPath,
    bundlePath({ name: 'sealift-server' }),
    ...['--data', dataFolder, '--http-port', '0', '--mqtt-port', '0'],
  ]);
  const log = () => readFile(process_.logFile, 'utf8');
  const what = 'the server to listen';
  const { http, mqtt } = await until({ what, seconds: START_SECONDS, interrupted }, async () => {
    const printed = await log();
    if (process_.hasEnded()) throw new Error(`the server ended:\n${printed}`);
    return printed.split('\n').map(listeningLine).find(Boolean);
  });
  const [, token] = /first operator token [^:]*: (slo_\S+)/.exec(await log()) ?? [];
  if (token === undefined) throw new Error(`the server printed no token; see ${process_.logFile}`);
  return { http, mqtt, token, dataFolder, process: process_ };
}

function listeningLine(line: string): z.infer<typeof Listening> | undefined {
  try {
    return Listening.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // a line for people
  }
}
