import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStatus } from '../../server/console/status-store.ts';
import { isLoopback } from '../../server/http/status-access.ts';
import { readConfig, type Config } from '../../server/config.ts';
import { serverApp } from '../../server/http/app.ts';
import {
  findOperator,
  issueFirstToken,
  issueOperatorToken,
} from '../../server/http/operator-token-store.ts';
import type { OperatorRole } from '../../server/http/operator.ts';
import { publicKeysOf, type OnlinePublicKeys } from '../../server/keys/online-keys.ts';
import { namedKeys } from '../../server/repository/named-keys-store.ts';
import type { Announcements } from '../../server/run/announcements.ts';
import { authorApi, publishedFiles } from '../../server/run/author-side.ts';
import { fleetSide } from '../../server/run/fleet-side.ts';
import { openGround, type Ground } from '../../server/run/ground.ts';
import {
  directorRootText,
  imageRootText,
  imageTargetsText,
  productTargetsText,
} from './authority.ts';

/** When the test servers play; a test may move the clock. */
export const TEST_NOON = new Date('2026-06-01T12:00:00Z');

/** A whole server without sockets, on a real database and real files. */
export interface TestApp {
  readonly ground: Ground;
  readonly clock: { now: Date };
  /** What was announced, in order: `timestamp`, `release`, or device ids. */
  readonly told: string[];
  readonly logged: { readonly event: string; readonly fields: object }[];
  /** A request to the app; by the first admin unless a token is given, `null` is none. */
  readonly ask: (path: string, wish?: Wish) => Promise<Response>;
  readonly tokenFor: (role: OperatorRole) => Promise<string>;
}

export interface Wish {
  readonly method?: string;
  readonly token?: string | null;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Opens a server in a fresh folder, or again in the folder of an earlier one. */
export async function testApp(change: Partial<Config> = {}): Promise<TestApp> {
  const dataDir = change.dataDir ?? (await mkdtemp(join(tmpdir(), 'sealift-app-')));
  const clock = { now: TEST_NOON };
  const told: string[] = [];
  const logged: TestApp['logged'] = [];
  let ids = 0;
  const ground = await openGround(
    { ...readConfig(undefined, { data: dataDir }), ...change, dataDir },
    {
      now: () => clock.now,
      randomBytes: (count) => randomBytes(count),
      newId: () => `rollout-${++ids}`,
      log: (event, fields) => logged.push({ event, fields }),
    },
  );
  const tell = tellInto(told);
  const fleet = fleetSide(ground, { tell, disconnect: () => undefined });
  const app = serverApp({
    ...fleet.device,
    ...publishedFiles(ground),
    api: { ...authorApi(ground, tell), ...fleet.api },
    open: { now: ground.now, isHealthy: () => Promise.resolve(true), securityContact: undefined },
    status: {
      now: ground.now,
      loadStatus: (limit, at) => loadStatus(ground.db, limit, at),
      findOperator: (token) => findOperator(ground.db, token, clock.now),
      isLocal: isLoopback(ground.config.host),
    },
    log: ground.log,
  });
  const { db, randomBytes: random } = ground;
  const first = await issueFirstToken(db, { now: clock.now, randomBytes: random });
  return {
    ground,
    clock,
    told,
    logged,
    ask: async (path, wish = {}) => app.request(path, requestOf(wish, first?.token)),
    tokenFor: async (role) => {
      const ground_ = { now: clock.now, actor: 'test', randomBytes: random };
      return (await issueOperatorToken(db, { name: role, role, hours: null }, ground_)).token;
    },
  };
}

/** The public keys with which the server of this app signs now. */
export async function onlineKeys({ ground }: TestApp): Promise<OnlinePublicKeys> {
  return publicKeysOf(await namedKeys(ground.db, ground.ring.findSigner));
}

/** Founds trust and registers products, as an author does it over HTTP. */
export async function foundByHttp(app: TestApp, products: readonly string[]): Promise<void> {
  const online = await onlineKeys(app);
  await expectCreated(app, '/api/v1/trust', {
    imageRoot: await imageRootText(online),
    imageTargets: await imageTargetsText(1, []),
    directorRoot: await directorRootText(online),
  });
  for (const [index, product] of products.entries()) {
    await expectCreated(app, '/api/v1/products', {
      product,
      hardwareIds: ['rpi4', 'rpi5'],
      imageTargets: await imageTargetsText(index + 2, products.slice(0, index + 1)),
      role: await productTargetsText(product, 1, []),
    });
  }
}

async function expectCreated(app: TestApp, path: string, json: unknown): Promise<void> {
  const answer = await app.ask(path, { method: 'POST', json });
  if (answer.status !== 201) throw new Error(`setup: ${answer.status} ${await answer.text()}`);
}

function requestOf(
  { method = 'GET', token, json, body, headers = {} }: Wish,
  admin: string | undefined,
): RequestInit {
  const bearer = token === undefined ? admin : token;
  return {
    method,
    headers: {
      ...(bearer && { Authorization: `Bearer ${bearer}` }),
      ...(json !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
    ...(body !== undefined && { body }),
  };
}

function tellInto(told: string[]): Announcements {
  const note = (...what: readonly string[]): Promise<void> => {
    told.push(...what);
    return Promise.resolve();
  };
  return {
    devices: (deviceIds) => note(...deviceIds),
    timestamp: () => note('timestamp'),
    release: () => note('release'),
  };
}
