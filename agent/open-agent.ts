import { mkdir } from 'node:fs/promises';
import { openBoot } from './boot/open-boot.ts';
import { readConfigured } from './config/configured-file.ts';
import type { Config } from './config/load-config.ts';
import { deviceKey } from './device-key.ts';
import type { Ambient, Ground } from './ground.ts';
import type { FindInstaller } from './install/installer.ts';
import { openInstallers, type InstallersDeps } from './install/open-installers.ts';
import { keepTwice } from './install/kept-twice.ts';
import { deviceTokens, type DeviceTokens } from './link/device-token.ts';
import { httpClient, type HttpClient } from './link/http.ts';
import { serverOverHttp, type Server } from './link/server.ts';
import { ANSWER_MS, paceOf } from './link/patience.ts';
import { jsonLog, type Log } from './log.ts';
import { openStages } from './open-stages.ts';
import { statePaths } from './paths.ts';
import { pauseOf } from './pause-or-stop.ts';
import type { StageDeps } from './perform.ts';
import type { Outbox } from './report/outbox.ts';
import { outboxFolder } from './report/outbox.ts';
import type { Reporter } from './report/sign-report.ts';
import { STATE_FORM } from './state/state-form.ts';
import type { AgentState } from './state/agent-state.ts';
import { requireRunning } from './stopped.ts';
import { deviceClock } from './verify/device-clock.ts';
import { floorsFile } from './verify/floors-file.ts';

/** An agent with its state folder open, before it does anything. */
export interface OpenAgent extends Ground {
  readonly state: ReturnType<typeof keepTwice<AgentState>>;
  readonly outbox: Outbox;
  readonly reporter: Reporter;
  readonly tokens: DeviceTokens;
  readonly ca: Buffer | undefined;
  readonly http: HttpClient;
  /** As `findInstaller`, reading no faster than its budget: to measure what is not urgent. */
  readonly findInstallerSlowly: FindInstaller;
  readonly stages: StageDeps;
  readonly log: Log;
  /** Ends whatever goes on in the background. */
  readonly close: () => void;
}

/**
 * Opens the state folder and builds everything that the agent is made of. With `instead` it has that in
 * the place of its server, and opens no connection.
 */
export async function openAgent(
  config: Config,
  outside: Ambient,
  instead?: Server,
): Promise<OpenAgent> {
  const stop = stopWith(outside.signal);
  const ambient = { ...outside, signal: stop.signal };
  const { deviceId, stateDir, slotsDir } = config;
  const paths = statePaths(stateDir);
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  await mkdir(slotsDir, { recursive: true });
  const log = jsonLog(ambient.write, ambient.now, deviceId);
  const signer = await deviceKey(paths.key);
  const floors = floorsFile(paths.floors);
  const clock = deviceClock({
    ...ambient,
    floor: async () => (await floors.load()).time,
    isConfiguredUntrusted: config.clock === 'untrusted',
  });
  const tokens = deviceTokens(deviceId, signer, clock.now);
  const link = await openLink(config, ambient, tokens, instead);
  const { bootId } = ambient;
  const boot = openBoot(config.boot, { slotsDir, bootId, untilEnd: pauseOf(ambient.signal) });
  const { modules, findInstaller, findInstallerSlowly } = openInstallers(
    config,
    installersDeps(ambient, log),
  );
  const ground = { config, ambient, paths, boot, floors, clock, server: link.server };
  const world = { ...ground, findInstaller };
  return {
    ...world,
    findInstallerSlowly,
    ...link,
    state: keepTwice(paths.state, STATE_FORM),
    outbox: await outboxFolder(paths.outbox),
    reporter: {
      device: deviceId,
      bootId: ambient.bootId,
      agent: `sealift-agent/${ambient.version}`,
      signer,
    },
    tokens,
    log,
    close: () => {
      stop.abort();
      link.http.close();
    },
    stages: await openStages(world, modules, log),
  };
}

function installersDeps({ signal, milliseconds }: Ambient, log: Log): InstallersDeps {
  const running = (): void => {
    requireRunning(signal);
  };
  return { requireRunning: running, milliseconds, pause: pauseOf(signal), log };
}

async function openLink(
  { server: { http: address, caFile, allowPlaintext }, retrieval }: Config,
  { signal, milliseconds }: Ambient,
  tokens: DeviceTokens,
  instead: Server | undefined,
): Promise<Pick<OpenAgent, 'ca' | 'http' | 'server'>> {
  const ca = caFile === undefined ? undefined : await readConfigured('server.caFile', caFile);
  const http = httpClient({ ca, allowPlaintext, idleMs: retrieval.idleSeconds * 1_000 });
  const server = serverOverHttp({
    base: baseOf(address),
    http,
    token: tokens.current,
    tokenRefused: tokens.refused,
    signal,
    answerMs: ANSWER_MS,
    pace: paceOf(retrieval, milliseconds),
  });
  return { ca, http, server: instead ?? server };
}

/** Told to end from outside, or because the work is done. */
function stopWith(outside: AbortSignal): AbortController {
  const stop = new AbortController();
  const end = (): void => {
    stop.abort();
  };
  if (outside.aborted) end();
  outside.addEventListener('abort', end, { once: true });
  return stop;
}

function baseOf(address: string): URL {
  return new URL(address.endsWith('/') ? address : `${address}/`);
}
