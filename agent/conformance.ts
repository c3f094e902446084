// The command line by which public TUF conformance suites drive a client: `init`, `refresh` and
// `download`. It is not part of the agent that ships; it is how an outsider checks its verifier.
import { obey } from './conformance/client.ts';
import { readCommand } from './conformance/command-line.ts';
import { discard, httpClient, readWhole } from './link/http.ts';
import type { Pace } from './link/pace.ts';
import { Unreachable } from './link/unreachable.ts';

const PACE: Pace = {
  windowMs: 60_000,
  bytesPerSecond: 256,
  milliseconds: () => performance.now(),
};
const http = httpClient({ ca: undefined, allowPlaintext: true, idleMs: 30_000 });

async function fetchFrom(url: URL, maxBytes: number): Promise<Uint8Array | undefined> {
  const answer = await http.ask({ method: 'GET', url });
  if (answer.status === 200) return readWhole(answer, maxBytes, PACE);
  discard(answer);
  if (answer.status === 404 || answer.status === 403) return undefined;
  throw new Unreachable(`${url.href} answered ${answer.status}`);
}

try {
  await obey(readCommand(process.argv.slice(2)), {
    fetchBelow: (base) => (name, maxBytes) => fetchFrom(new URL(`${base.href}${name}`), maxBytes),
    // eslint-disable-next-line no-restricted-syntax -- a program reads the clock, once (TUF 5.1)
    now: new Date(),
  });
} catch (cause) {
  process.stderr.write(
    `${cause instanceof Error ? `${cause.name}: ${cause.message}` : 'failed'}\n`,
  );
  process.exitCode = 1;
} finally {
  http.close();
}
