import type { Socket } from 'node:net';
import type { IClientOptions, MqttClient } from 'mqtt';
import { LIMITS } from '../../shared/metadata/limits.ts';
import { Acknowledgement } from '../../shared/protocol/report.ts';
import { deviceTopics } from '../../shared/protocol/topics.ts';
import type { Log } from '../log.ts';
import { backoffMs, type Backoff } from './backoff.ts';
import { brokerSocket } from './broker-socket.ts';
import { isPrivate } from './plaintext.ts';
import { Unreachable } from './unreachable.ts';
import { jsonIn } from '../read-json.ts';

/** The second way to the server. Either alone is enough; this one hears news at once. */
export interface MqttLink {
  readonly isConnected: () => boolean;
  /** Answers the highest number stored. Throws {@link Unreachable}. */
  readonly report: (message: Uint8Array, last: number) => Promise<number>;
  /** Stays connected until the agent is told to end. Never throws: a broker that is down is normal. */
  readonly run: () => Promise<void>;
}

/** What an MQTT link needs. */
export interface MqttDeps {
  readonly url: URL;
  readonly ca: Buffer | undefined;
  readonly allowPlaintext: boolean;
  readonly deviceId: string;
  /** A fresh token for each connection: an old one may have expired while we were away. */
  readonly token: () => Promise<string>;
  readonly onAssignment: (bundle: Uint8Array) => void;
  readonly onAcknowledgement: (stored: number) => void;
  readonly onConnected: () => void;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly signal: AbortSignal;
  readonly log: Log;
}

const KEEPALIVE_SECONDS = 60;
const CONNECT_MS = 15_000;
/** After this long without an acknowledgement, HTTP is asked. */
const ACKNOWLEDGEMENT_MS = 10_000;
const GOODBYE_MS = 1_000;

/** A link over MQTT, with its own reconnecting: mqtt.js would send the same token for ever. */
export function mqttLink(deps: MqttDeps): MqttLink {
  const waiting = new Set<(stored: number) => void>();
  let client: MqttClient | undefined;
  const heard = (stored: number): void => {
    for (const listener of waiting) listener(stored);
    deps.onAcknowledgement(stored);
  };
  const run = async (): Promise<void> => {
    let failures = 0;
    while (!deps.signal.aborted) {
      const wasConnected = await stayConnected(deps, heard, (now) => (client = now));
      client = undefined;
      failures = wasConnected ? 1 : failures + 1;
      await deps.pause(backoffMs(failures, deps.backoff, deps.random));
    }
  };
  return {
    isConnected: () => client?.connected === true,
    report: (message, last) => sendReports(client, { deps, waiting, message, last }),
    run,
  };
}

/** One connection from its beginning to its end. Answers whether it ever stood. */
async function stayConnected(
  deps: MqttDeps,
  heard: (stored: number) => void,
  connected: (client: MqttClient) => void,
): Promise<boolean> {
  if (!deps.allowPlaintext && !isPrivate(deps.url)) return false;
  const topics = deviceTopics(deps.deviceId);
  // Only for those who configured a broker, and without what brokerSocket replaces.
  const { default: library } = await import('mqtt/lib/client');
  const options = await optionsFor(deps);
  const Client = clientClass(library);
  const client = new Client(() => brokerSocket(deps.url, deps.ca), options);
  const seen = { connected: false };
  const goodbye = (): void => {
    client.publish(topics.presence, 'offline', { qos: 1, retain: true }, () => client.end(true));
    setTimeout(() => client.end(true), GOODBYE_MS).unref();
  };
  deps.signal.addEventListener('abort', goodbye);
  client.on('connect', () => {
    seen.connected = true;
    connected(client);
    deps.log('broker_connected', { broker: deps.url.host });
    client.subscribe([topics.assignment, topics.acknowledgement], { qos: 1 });
    client.publish(topics.presence, 'online', { qos: 1, retain: true });
    deps.onConnected();
  });
  client.on('message', (topic, payload) => {
    if (topic === topics.assignment) takeAssignment(deps, payload);
    else if (topic === topics.acknowledgement) takeAcknowledgement(payload, heard);
  });
  await new Promise<void>((resolve) => {
    client.on('error', ({ message }) => {
      deps.log('broker_failed', { broker: deps.url.host, detail: message });
      client.end(true);
    });
    client.on('close', resolve);
  });
  client.end(true);
  deps.signal.removeEventListener('abort', goodbye);
  if (seen.connected) deps.log('broker_lost', { broker: deps.url.host });
  return seen.connected;
}

type ClientClass = new (socket: () => Socket, options: IClientOptions) => MqttClient;

/** CommonJS with a default export: Node hands over what holds it, other loaders the class itself. */
function clientClass(library: ClientClass | { readonly default: ClientClass }): ClientClass {
  return 'default' in library ? library.default : library;
}

async function optionsFor({ deviceId, token }: MqttDeps): Promise<IClientOptions> {
  const { presence } = deviceTopics(deviceId);
  return {
    protocolVersion: 4, // 3.1.1: nothing of MQTT 5 is used, and the server's own broker speaks no 5
    clientId: deviceId,
    username: deviceId,
    password: await token(),
    clean: true,
    keepalive: KEEPALIVE_SECONDS,
    connectTimeout: CONNECT_MS,
    reconnectPeriod: 0,
    writeCache: false, // the cache of all packet numbers costs 18 MB
    queueQoSZero: false,
    will: { topic: presence, payload: Buffer.from('offline'), qos: 1, retain: true },
  };
}

function takeAssignment({ onAssignment }: MqttDeps, payload: Buffer): void {
  // An empty retained message is how MQTT says that there is none (MQTT 3.1.1, 3.3.1.3).
  if (payload.length > 0 && payload.length <= LIMITS.bundleBytes) onAssignment(payload);
}

function takeAcknowledgement(payload: Buffer, heard: (stored: number) => void): void {
  const acknowledgement = Acknowledgement.safeParse(jsonIn(payload));
  if (acknowledgement.success) heard(acknowledgement.data.stored);
}

interface Sending {
  readonly deps: MqttDeps;
  readonly waiting: Set<(stored: number) => void>;
  readonly message: Uint8Array;
  readonly last: number;
}

/** The broker's own acknowledgement is not enough: it has stored nothing. */
function sendReports(
  client: MqttClient | undefined,
  { deps, waiting, message, last }: Sending,
): Promise<number> {
  return new Promise((resolve, reject) => {
    if (client?.connected !== true) {
      reject(new Unreachable('the broker is not connected'));
      return;
    }
    const listener = (stored: number): void => {
      if (stored < last) return;
      end();
      resolve(stored);
    };
    const end = (): void => {
      clearTimeout(timer);
      waiting.delete(listener);
    };
    const fail = (): void => {
      end();
      reject(new Unreachable('the server did not acknowledge over MQTT'));
    };
    const timer = setTimeout(fail, ACKNOWLEDGEMENT_MS);
    waiting.add(listener);
    client.publish(deviceTopics(deps.deviceId).reports, Buffer.from(message), { qos: 1 });
  });
}
