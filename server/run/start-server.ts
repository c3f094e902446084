import { readFile } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { isHealthy } from '../database/is-healthy.ts';
import { forgetPresence } from '../devices/sightings-store.ts';
import { loadStatus } from '../console/status-store.ts';
import { serverApp, type AppDeps } from '../http/app.ts';
import { findOperator, issueFirstToken } from '../http/operator-token-store.ts';
import { isLoopback } from '../http/status-access.ts';
import { startBroker, type Broker } from '../mqtt/broker.ts';
import { newestFile } from '../repository/metadata-store.ts';
import { announcements, type Announcements } from './announcements.ts';
import { authorApi, publishedFiles } from './author-side.ts';
import { catchUp } from './catch-up.ts';
import { fleetSide, type FleetSide } from './fleet-side.ts';
import { openGround, type Edge, type Ground } from './ground.ts';
import { listenHttp, type HttpListener, type Tls } from './listen-http.ts';
import { startTasks } from './tasks.ts';

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, with the port that it got. */
  readonly http: string;
  readonly mqtt: string;
  /** Of the first admin; undefined but at the very first start. */
  readonly firstToken: string | undefined;
  /** Ends what is under way, then closes everything. */
  readonly close: () => Promise<void>;
}

/** Opens the data folder and listens for HTTP and MQTT. */
export async function startServer(config: Config, edge: Edge): Promise<RunningServer> {
  const [httpTls, mqttTls] = [await readTls(config.http.tls), await readTls(config.mqtt.tls)];
  const ground = await openGround(config, edge);
  await forgetPresence(ground.db);

  // Each needs the other: what is stored is announced, what is received is stored.
  const late: { broker?: Broker } = {};
  const tell = announce(ground, () => late.broker);
  const fleet = fleetSide(ground, { tell, disconnect: (id) => late.broker?.disconnect(id) });
  const broker = await listenMqtt(ground, fleet, mqttTls);
  late.broker = broker;
  const http = await listen(ground, { tell, fleet, tls: httpTls });

  // Only now: a start that failed before, on a port that is taken, must not have used it up unseen.
  const first = await issueFirstToken(ground.db, { ...edge, now: edge.now() });
  const tasks = startTasks(ground, tell);
  const caughtUp = catchUp(ground, tell, fleet).catch((cause: unknown) => {
    edge.log('catch_up_failed', { error: String(cause) });
  });
  const at = (scheme: string, tls: Tls | undefined, port: number): string =>
    `${scheme}${tls === undefined ? '' : 's'}://${urlHost(config.host)}:${port}`;
  return {
    http: at('http', httpTls, http.port),
    mqtt: at('mqtt', mqttTls, broker.port),
    firstToken: first?.token,
    close: async () => {
      await Promise.all([http.close(), broker.close()]);
      await caughtUp;
      await tasks.stop();
      await ground.db.destroy();
    },
  };
}

function announce(ground: Ground, broker: () => Broker | undefined): Announcements {
  const { db, director, blobs, log } = ground;
  return announcements({
    publishRetained: async (topic, bytes) => broker()?.publishRetained(topic, bytes),
    isConnected: (deviceId) => broker()?.isConnected(deviceId) ?? false,
    readBundle: async (deviceId) => (await director.current(deviceId))?.bytes,
    readTimestamp: async () => (await newestFile(db, 'image', 'timestamp'))?.bytes,
    blobPath: blobs.pathOf,
    log,
  });
}

/** As many as a machine of the size that this server is made for can hold. */
const MAX_MQTT_CONNECTIONS = 100_000;

function listenMqtt(ground: Ground, fleet: FleetSide, tls: Tls | undefined): Promise<Broker> {
  const { config, auth, director, sightings, log } = ground;
  return startBroker({
    host: config.host,
    port: config.mqtt.port,
    tls,
    maxConnections: MAX_MQTT_CONNECTIONS,
    verifyDeviceToken: auth.verifyDeviceToken,
    receiveReports: fleet.receiveReports,
    loadAssignment: async (deviceId) => (await director.current(deviceId))?.bytes,
    sighted: sightings.note,
    log: ({ event, ...fields }) => {
      log(event, fields);
    },
  });
}

interface Listening {
  readonly tell: Announcements;
  readonly fleet: FleetSide;
  readonly tls: Tls | undefined;
}

function listen(ground: Ground, { tell, fleet, tls }: Listening): Promise<HttpListener> {
  const { config, db, now, log } = ground;
  const { securityContact } = config;
  const app = serverApp({
    ...fleet.device,
    ...publishedFiles(ground),
    api: { ...authorApi(ground, tell), ...fleet.api },
    open: { now, isHealthy: () => isHealthy(db), securityContact },
    status: statusDeps(ground),
    log,
  });
  return listenHttp({ fetch: app.fetch, host: config.host, port: config.http.port, tls });
}

function statusDeps({ config, db, now }: Ground): AppDeps['status'] {
  return {
    now,
    loadStatus: (limit, at) => loadStatus(db, limit, at),
    findOperator: (token) => findOperator(db, token, now()),
    isLocal: isLoopback(config.host) && config.publicUrl === undefined,
  };
}

async function readTls(files: Config['http']['tls']): Promise<Tls | undefined> {
  if (files === undefined) return undefined;
  return { cert: await readFile(files.cert, 'utf8'), key: await readFile(files.key, 'utf8') };
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
