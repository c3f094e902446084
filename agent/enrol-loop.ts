import { readConfigured } from './config/configured-file.ts';
import { ConfigError } from './config/load-config.ts';
import { enrolmentEnvelope, readEnrolment } from './enrol.ts';
import { backoffMs } from './link/backoff.ts';
import { Unreachable } from './link/unreachable.ts';
import { BACKOFF } from './link/patience.ts';
import { pause } from './pause.ts';
import type { Session } from './session.ts';
import type { AgentState } from './state/agent-state.ts';

/**
 * Enrols the device unless it is. Answers whether it is now; with `once`, after a single try.
 * While an operator has not decided, it asks again; a network error is no answer.
 */
export async function enrolUntilAccepted(session: Session, once: boolean): Promise<boolean> {
  const { signal, random } = session.agent.ambient;
  const state = await session.world.load();
  if (state.enrolment === 'accepted') return true;
  for (let tries = 1; !signal.aborted; tries += 1) {
    if ((await tryToEnrol(session)) === 'accepted') return true;
    if (once) return false;
    await pause(backoffMs(tries, BACKOFF, random), signal);
  }
  return false;
}

async function tryToEnrol(session: Session): Promise<AgentState['enrolment'] | undefined> {
  const { config, server, reporter, log } = session.agent;
  try {
    const token = await tokenOf(session);
    const envelope = await enrolmentEnvelope({ ...config, signer: reporter.signer }, token);
    const result = readEnrolment(await server.enrol(envelope));
    if (result.kind === 'refused') {
      log('enrolment_refused', { code: result.code, detail: result.detail });
      return undefined;
    }
    log(result.state === 'accepted' ? 'device_enrolled' : 'enrolment_answered', {
      state: result.state,
    });
    const state = await session.world.load();
    if (state.enrolment !== result.state) {
      await session.world.save({ ...state, enrolment: result.state });
    }
    return result.state;
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    log('server_unreachable', { detail: cause.message });
    return undefined;
  }
}

async function tokenOf({ agent: { config } }: Session): Promise<string> {
  const { enrolmentToken, enrolmentTokenFile } = config;
  if (enrolmentToken !== undefined) return enrolmentToken;
  if (enrolmentTokenFile !== undefined) {
    return (await readConfigured('enrolmentTokenFile', enrolmentTokenFile)).toString().trim();
  }
  throw new ConfigError(
    'this device is not enrolled: give "enrolmentToken" or "enrolmentTokenFile" in its configuration',
  );
}
