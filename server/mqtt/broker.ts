import {
  createServer as createPlainServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes, type Client } from 'aedes';
import { deviceTopics } from '../../shared/protocol/topics.ts';
import type { BrokerDeps } from './broker-deps.ts';
import { brokerRules } from './broker-rules.ts';
import { cleanSessions } from './clean-sessions.ts';
import { GuardedConnection } from './guarded-connection.ts';
import { retainedMessages } from './retained-messages.ts';

export interface Broker {
  readonly port: number;
  /** Sends to whoever subscribed, and to whoever subscribes later. */
  readonly publishRetained: (topic: string, bytes: Uint8Array) => Promise<void>;
  readonly isConnected: (deviceId: string) => boolean;
  readonly disconnect: (deviceId: string) => void;
  readonly close: () => Promise<void>;
}

/** A device that does not say who it is in this time is let go. */
const CONNECT_TIMEOUT_MILLISECONDS = 10_000;
/** Finds peers that vanished without a word, beside MQTT's own keep-alive. */
const TCP_KEEP_ALIVE_MILLISECONDS = 60_000;

/** Starts the embedded broker on `host:port`; port 0 takes a free one. */
export async function startBroker(deps: BrokerDeps): Promise<Broker> {
  const clients = new Map<string, Client>();
  const retained = retainedMessages(deps.loadAssignment);
  const aedes = await Aedes.createBroker({
    persistence: cleanSessions(retained),
    connectTimeout: CONNECT_TIMEOUT_MILLISECONDS,
    ...brokerRules(deps, (device, stored) => {
      acknowledge(aedes, device, stored);
    }),
  });
  followPresence(aedes, clients, deps);
  const server = deps.tls ? createTlsServer(tlsOptions(deps.tls)) : createPlainServer();
  server.maxConnections = deps.maxConnections;
  const connections = new Set<GuardedConnection>();
  server.on(deps.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MILLISECONDS);
    const connection = new GuardedConnection(socket);
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
    aedes.handle(connection);
  });
  const port = await listen(server, deps);
  return {
    port,
    publishRetained: (topic, bytes) => publish(aedes, { topic, bytes, retain: true }),
    isConnected: (deviceId) => clients.has(deviceId),
    disconnect: (deviceId) => clients.get(deviceId)?.close(),
    close: () => closeAll(aedes, server, connections),
  };
}

interface Message {
  readonly topic: string;
  readonly bytes: Uint8Array;
  readonly retain: boolean;
}

function publish(aedes: Aedes, { topic, bytes, retain }: Message): Promise<void> {
  return new Promise((resolve, reject) => {
    const packet = { topic, payload: Buffer.from(bytes), retain, qos: 1 as const, dup: false };
    aedes.publish({ cmd: 'publish', ...packet }, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function acknowledge(aedes: Aedes, device: string, stored: number): void {
  const topic = deviceTopics(device).acknowledgement;
  const bytes = Buffer.from(JSON.stringify({ stored }), 'utf8');
  // A lost acknowledgement costs a repetition: the device asks again, and is told again.
  publish(aedes, { topic, bytes, retain: false }).catch(() => undefined);
}

function followPresence(aedes: Aedes, clients: Map<string, Client>, deps: BrokerDeps): void {
  aedes.on('client', (client) => {
    clients.set(client.id, client);
    deps.sighted(client.id, 'online');
  });
  aedes.on('clientDisconnect', (client) => {
    if (clients.get(client.id) !== client) return;
    clients.delete(client.id);
    deps.sighted(client.id, 'offline');
  });
  aedes.on('ping', (_packet, client) => {
    deps.sighted(client.id);
  });
  const failed = (client: Client, { message }: Error): void => {
    deps.log({
      event: 'mqtt_connection_failed',
      device: client.id,
      code: 'closed',
      detail: message,
    });
  };
  aedes.on('clientError', failed);
  aedes.on('connectionError', failed);
}

function tlsOptions({ cert, key }: { readonly cert: string; readonly key: string }): object {
  return { cert, key, minVersion: 'TLSv1.2', handshakeTimeout: CONNECT_TIMEOUT_MILLISECONDS };
}

function listen(server: Server, { host, port }: BrokerDeps): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port); // it listens on TCP, so this is its form
    });
  });
}

async function closeAll(
  aedes: Aedes,
  server: Server,
  connections: ReadonlySet<GuardedConnection>,
): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  await new Promise<void>((resolve) => {
    aedes.close(resolve);
  });
  // Those who never said who they are: the broker does not know them.
  for (const connection of connections) connection.destroy();
  await closed;
}
