import { createRoute, z } from '@hono/zod-openapi';
import { errorAnswer, jsonAnswer, jsonBody } from '../http/answers.ts';
import { openApiApp } from '../http/open-api-app.ts';
import { actorOf, type OperatorEnv } from '../http/operator.ts';
import type { ActedOnDevice, DeviceAct } from './act-on-device.ts';
import {
  DeviceAction,
  DevicePage,
  DeviceParams,
  DeviceSchema,
  DeviceWithReports,
} from './device-schemas.ts';
import type { Device, Page, StoredReport } from './inventory-store.ts';

export interface DeviceDeps {
  readonly listDevices: (page: Page) => Promise<readonly Device[]>;
  readonly showDevice: (id: string) => Promise<Device | undefined>;
  readonly listLastReports: (id: string, limit: number) => Promise<readonly StoredReport[]>;
  /** Acts in one transaction, and announces what follows from it. */
  readonly actOnDevice: (act: DeviceAct) => Promise<ActedOnDevice>;
}

const LAST_REPORTS = 20;

const list = createRoute({
  method: 'get',
  path: '/devices',
  summary: 'Devices by id, a page at a time',
  request: { query: DevicePage },
  responses: {
    200: jsonAnswer(
      'A page; `next` is the `after` of the one that follows',
      z.object({ devices: z.array(DeviceSchema), next: z.string().nullable() }),
    ),
    400: errorAnswer('The query is not understood'),
  },
});

const show = createRoute({
  method: 'get',
  path: '/devices/{id}',
  summary: 'One device with its last reports',
  request: { params: DeviceParams },
  responses: {
    200: jsonAnswer('The device', DeviceWithReports),
    404: errorAnswer('`unknown_device`'),
  },
});

const change = createRoute({
  method: 'post',
  path: '/devices/{id}/state',
  summary: 'Accept, reject or retire a device',
  request: { params: DeviceParams, ...jsonBody(DeviceAction) },
  responses: {
    200: jsonAnswer('The device as it is now', DeviceSchema),
    400: errorAnswer('The request is not understood'),
    404: errorAnswer('`unknown_device`'),
    409: errorAnswer('`not_allowed` from its state'),
  },
});

/** `/devices`: the inventory, and who may be part of the fleet. */
export function deviceRoutes(deps: DeviceDeps) {
  return openApiApp<OperatorEnv>()
    .openapi(list, async (c) => {
      const page = c.req.valid('query');
      const devices = await deps.listDevices({ ...page, limit: page.limit + 1 });
      const shown = devices.slice(0, page.limit);
      const next = devices.length > page.limit ? (shown.at(-1)?.id ?? null) : null;
      return c.json({ devices: shown, next }, 200);
    })
    .openapi(show, async (c) => {
      const { id } = c.req.valid('param');
      const device = await deps.showDevice(id);
      if (device === undefined) return c.json(UNKNOWN, 404);
      const lastReports = await deps.listLastReports(id, LAST_REPORTS);
      return c.json({ ...device, lastReports: lastReports.map((report) => ({ ...report })) }, 200);
    })
    .openapi(change, async (c) => {
      const { id } = c.req.valid('param');
      const { action } = c.req.valid('json');
      const acted = await deps.actOnDevice({ id, action, actor: actorOf(c.get('operator')) });
      if (acted.kind === 'not_allowed') {
        const message = `cannot ${action} a device that is ${acted.state}`;
        return c.json({ code: 'not_allowed', message }, 409);
      }
      const device = acted.kind === 'changed' ? await deps.showDevice(id) : undefined;
      return device === undefined ? c.json(UNKNOWN, 404) : c.json(device, 200);
    });
}

const UNKNOWN = { code: 'unknown_device', message: 'there is no such device' };
