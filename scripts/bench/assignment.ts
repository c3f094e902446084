import { fromRoot } from '../root.ts';
import { freePort } from '../processes/free-port.ts';
import { until } from '../processes/until.ts';
import { findLoadMaker, type Load } from './load.ts';
import { measurePairs, pairedRatio } from './pairs.ts';
import { median, type BenchResult } from './result.ts';
import { enrolKey, type Setting } from './setting.ts';

const ROUNDS = 15; // short ones: on a shared machine noise comes in bursts, and the median leaves them out
const CONNECTIONS = 64;
const SECONDS = 1;

/** "Nothing new" to a device that asks, against an empty Hono handler in a process of its own. */
export async function benchAssignment(setting: Setting): Promise<BenchResult> {
  const { server, tell } = setting;
  const authorization = await enrolKey(setting);
  const url = `${server.http}/device/v1/assignment`;
  const first = await fetch(url, { headers: { authorization } });
  const etag = first.headers.get('etag');
  if (etag === null) throw new Error(`the server sent no ETag: ${first.status}`);
  const headers = { authorization, 'if-none-match': etag };
  await requireNothingNew(url, headers);

  const emptyUrl = await startEmptyHono(setting);
  const maker = await findLoadMaker();
  tell(`${ROUNDS} rounds of ${SECONDS} s with ${CONNECTIONS} connections by ${maker.name}`);
  const load = (at: string): Load => ({
    url: at,
    headers,
    connections: CONNECTIONS,
    seconds: SECONDS,
  });
  const pairs = await measurePairs(
    ROUNDS,
    () => maker.requestsPerSecond(load(url)),
    () => maker.requestsPerSecond(load(emptyUrl)),
  );
  await requireNothingNew(url, headers);
  return {
    kind: 'measured',
    figures: [
      { name: 'assignment, nothing new', value: median(pairs.ours), unit: 'requests/s' },
      { name: 'empty Hono handler', value: median(pairs.theirs), unit: 'requests/s' },
    ],
    ratios: [{ name: 'to the empty handler', value: pairedRatio(pairs), wanted: { atLeast: 0.7 } }],
  };
}

async function requireNothingNew(url: string, headers: Load['headers']): Promise<void> {
  const { status } = await fetch(url, { headers });
  if (status !== 304) throw new Error(`the server answered ${status}, not 304`);
}

async function startEmptyHono({ keeper, interrupted }: Setting): Promise<string> {
  const port = await freePort();
  const program = fromRoot('scripts', 'bench', 'empty-hono.mjs');
  keeper.start('empty-hono', [process.execPath, program, String(port)]);
  const url = `http://127.0.0.1:${port}/device/v1/assignment`;
  await until({ what: 'the empty handler', seconds: 10, interrupted }, async () => {
    const answered = await fetch(url).catch(() => undefined);
    return answered?.ok;
  });
  return url;
}
