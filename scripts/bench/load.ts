import { cpus } from 'node:os';
import { fromRoot } from '../root.ts';
import { run } from '../processes/run.ts';

/** What one round of load asks for, again and again. */
export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

/** A program that makes load, and what its figure is called. */
export interface LoadMaker {
  readonly name: string;
  readonly requestsPerSecond: (load: Load) => Promise<number>;
}

/** wrk where it is installed: autocannon is itself Node and, on few cores, slower than the server. */
export async function findLoadMaker(): Promise<LoadMaker> {
  const wrk = await run(['sh', '-c', 'command -v wrk']);
  return wrk.code === 0
    ? { name: 'wrk', requestsPerSecond: byWrk }
    : { name: `autocannon, ${cpus().length} cores`, requestsPerSecond: byAutocannon };
}

async function byWrk({ url, headers, connections, seconds }: Load): Promise<number> {
  const sent = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const command = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, ...sent, url] as const;
  const { stdout } = await run([...command]);
  if (/Non-2xx or 3xx|Socket errors/.test(stdout)) throw new Error(`not all answered:\n${stdout}`);
  return numberIn(/Requests\/sec:\s+([\d.]+)/, stdout);
}

async function byAutocannon({ url, headers, connections, seconds }: Load): Promise<number> {
  const sent = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`]);
  const program = fromRoot('node_modules', '.bin', 'autocannon');
  const { stdout } = await run([
    program,
    ...['-c', String(connections), '-d', String(seconds), '--json', ...sent, url],
  ]);
  return numberIn(/"requests":\{[^}]*"average":([\d.]+)/, stdout);
}

function numberIn(pattern: RegExp, text: string): number {
  const [, number] = pattern.exec(text) ?? [];
  if (number === undefined) throw new Error(`no figure in:\n${text}`);
  return Number(number);
}
