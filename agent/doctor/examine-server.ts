import { readConfigured } from '../config/configured-file.ts';
import { ConfigError, type Config } from '../config/load-config.ts';
import { discard, httpClient } from '../link/http.ts';
import { Unreachable } from '../link/unreachable.ts';
import type { AgentState } from '../state/agent-state.ts';
import { problem, well, wordsOf, type Finding } from './finding.ts';

/** A person waits for the answer. */
const ANSWER_MS = 10_000;

/** Whether the server can be reached as the agent would reach it; who we are is not told. */
export async function examineServer(
  { server: { http: address, caFile, allowPlaintext } }: Config,
  signal: AbortSignal,
): Promise<Finding> {
  const url = new URL('image/timestamp.json', address.endsWith('/') ? address : `${address}/`);
  try {
    const ca = caFile === undefined ? undefined : await readConfigured('server.caFile', caFile);
    const http = httpClient({ ca, allowPlaintext, idleMs: ANSWER_MS });
    try {
      const answer = await http.ask({ method: 'GET', url, signal, headMs: ANSWER_MS });
      discard(answer);
      const { status } = answer;
      if (status === 200) return well('server', address);
      return problem(
        'server',
        `${url.href} answered ${status}`,
        'check "server.http", and that the server has its trust',
      );
    } finally {
      http.close();
    }
  } catch (cause) {
    if (!(cause instanceof Unreachable) && !(cause instanceof ConfigError)) throw cause;
    return problem('server', wordsOf(cause), 'check "server", the network, and its certificate');
  }
}

/** Whether the server has taken this device in, or what is there to make it do so. */
export async function examineEnrolment(
  { enrolmentToken, enrolmentTokenFile, deviceId }: Config,
  { enrolment }: AgentState,
): Promise<Finding> {
  const name = 'enrolment';
  if (enrolment === 'accepted') return well(name, enrolment);
  if (enrolment === 'pending') {
    return problem(name, enrolment, `sealift device accept ${deviceId}`);
  }
  if (enrolment !== 'none') return problem(name, enrolment, 'the server has turned it away');
  if (enrolmentToken !== undefined) return well(name, 'not yet; there is a token');
  if (enrolmentTokenFile === undefined) {
    return problem(name, 'not yet, and no token', 'name "enrolmentTokenFile" in the configuration');
  }
  try {
    await readConfigured('enrolmentTokenFile', enrolmentTokenFile);
    return well(name, 'not yet; there is a token');
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    return problem(name, wordsOf(cause), `put the token into ${enrolmentTokenFile}`);
  }
}
