import * as z from 'zod/mini';
import {
  EventSchema,
  EventsSchema,
  type EventSignature,
  type OpenEvent,
} from '../../shared/ceremony/event.ts';
import type { AuditEntry } from '../../shared/protocol/audit.ts';
import {
  AuditPage,
  Device,
  DeviceDetail,
  Devices,
  NewToken,
  OfflineWords,
  OnlineKeys,
  Products,
  Release,
  Releases,
  Rollout,
  Rollouts,
  TrustState,
} from './answers.ts';
import { ask, jsonBody, type Connection } from './connection.ts';

/** The operator's API, one function a route; each answer has passed its schema. */
export type Api = ReturnType<typeof apiOf>;

const API = '/api/v1';
const seg = encodeURIComponent;

/**
 * Written by hand rather than as Hono's `hc<AppType>`: types of the server say what it ought to
 * answer, and an author's program must not act on what it actually answered without a look.
 */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- Api is this function
export function apiOf(connection: Connection) {
  const get = <T extends z.core.$ZodType>(path: string, schema: T): Promise<z.output<T>> =>
    ask(connection, { method: 'GET', path: `${API}${path}` }, schema);
  const post = <T extends z.core.$ZodType>(
    path: string,
    value: unknown,
    schema: T,
  ): Promise<z.output<T>> =>
    ask(connection, { method: 'POST', path: `${API}${path}`, ...jsonBody(value) }, schema);
  const anything = z.unknown();

  return {
    onlineKeys: () => get('/keys/online', OnlineKeys),
    nextOnlineKeys: () => post('/keys/online/next', {}, OnlineKeys),
    trust: () => get('/trust', TrustState),
    initialiseTrust: (files: TrustFiles) => post('/trust', files, anything),
    products: () => get('/products', Products),
    addProduct: (product: NewProduct) => post('/products', product, anything),
    publish: (release: ReleaseTexts) => post('/releases', release, Release),
    releases: (product: string | undefined) => get(`/releases${queryOf({ product })}`, Releases),
    release: (product: string, version: string) =>
      get(`/releases/${seg(product)}/${seg(version)}`, anything),
    openEvent: (event: OpenEvent) => post('/signing-events', event, EventSchema),
    events: (state: string | undefined) =>
      get(`/signing-events${queryOf({ state })}`, EventsSchema),
    event: (id: string) => get(`/signing-events/${seg(id)}`, EventSchema),
    signEvent: (id: string, signatures: readonly EventSignature[]) =>
      post(`/signing-events/${seg(id)}/signatures`, { signatures }, EventSchema),
    withdrawEvent: (id: string) => post(`/signing-events/${seg(id)}/withdraw`, {}, EventSchema),
    createToken: (token: TokenRequest) => post('/tokens', token, NewToken),
    devices: (filter: DeviceFilter) => get(`/devices${queryOf({ ...filter })}`, Devices),
    device: (id: string) => get(`/devices/${seg(id)}`, DeviceDetail),
    changeDevice: (id: string, action: 'accept' | 'reject' | 'retire') =>
      post(`/devices/${seg(id)}/state`, { action }, z.looseObject(Device.def.shape)),
    carryWords: (wish: OfflineWish) => post('/offline-words', wish, OfflineWords),
    startRollout: (rollout: NewRollout) => post('/rollouts', rollout, Rollout),
    rollouts: () => get('/rollouts', Rollouts),
    rollout: (id: string) => get(`/rollouts/${seg(id)}`, Rollout),
    changeRollout: (id: string, action: 'pause' | 'resume' | 'abort') =>
      post(`/rollouts/${seg(id)}/state`, { action }, Rollout),
    audit: async (after: number, limit: number): Promise<readonly AuditEntry[]> =>
      (await get(`/audit${queryOf({ after, limit })}`, AuditPage)).entries,
  };
}

/** Exact texts of signed files. */
export interface TrustFiles {
  readonly imageRoot: string;
  readonly imageTargets: string;
  readonly directorRoot: string;
}

export interface NewProduct {
  readonly product: string;
  readonly hardwareIds: readonly string[];
  readonly imageTargets: string;
  readonly role: string;
}

export interface ReleaseTexts {
  readonly manifest: string;
  readonly role: string;
}

export interface DeviceFilter {
  readonly product: string | undefined;
  readonly state: string | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

export interface OfflineWish {
  readonly product: string;
  readonly version: string;
  readonly devices: readonly string[];
  readonly validDays: number;
}

export interface NewRollout {
  readonly product: string;
  readonly version: string;
  readonly onlyRunning?: string;
  readonly phases: readonly {
    readonly percent: number;
    readonly successPercent: number;
    readonly failurePercent: number;
  }[];
}

export type TokenRequest =
  | {
      readonly kind: 'enrolment';
      readonly name: string;
      readonly product?: string;
      readonly uses: number;
      readonly hours: number;
      readonly accept: boolean;
    }
  | {
      readonly kind: 'operator';
      readonly name: string;
      readonly role: string;
      readonly hours?: number;
    };

function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
