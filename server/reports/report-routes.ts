import { createRoute, z } from '@hono/zod-openapi';
import type { Env } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { MAX_REPORT_MESSAGE_BYTES } from '../../shared/protocol/report.ts';
import { errorAnswer, jsonAnswer } from '../http/answers.ts';
import type { DeviceAuthentication } from '../http/device-auth.ts';
import { openApiApp } from '../http/open-api-app.ts';
import type { Receipt } from './receive-reports.ts';

export interface ReportDeps {
  /** Whose token this is, from the `Authorization` header. */
  readonly authenticateDevice: DeviceAuthentication;
  readonly receiveReports: (deviceId: string, bytes: Uint8Array) => Promise<Receipt>;
}

const post = createRoute({
  method: 'post',
  path: '/reports',
  summary: 'Signed reports of a device, in the order of their numbers',
  middleware: [
    bodyLimit({
      maxSize: MAX_REPORT_MESSAGE_BYTES,
      onError: (c) =>
        c.json({ code: 'too_large', message: `at most ${MAX_REPORT_MESSAGE_BYTES} bytes` }, 413),
    }),
  ] as const,
  responses: {
    200: jsonAnswer('Everything up to this number is on disk', z.object({ stored: z.int() })),
    400: errorAnswer('`malformed_request`'),
    401: errorAnswer('`unauthorized`'),
    403: errorAnswer('`device_not_accepted`'),
    413: errorAnswer('`too_large`'),
    422: errorAnswer('`report_refused`: nothing was stored'),
  },
});

/** `POST /reports` of the device API. The body is read by the same parser as over MQTT. */
export function reportRoutes(deps: ReportDeps) {
  return openApiApp<Env>().openapi(post, async (c) => {
    const device = await deps.authenticateDevice(c.req.header('Authorization'));
    if (device.kind === 'refused') {
      const status = device.code === 'unauthorized' ? 401 : 403;
      return c.json({ code: device.code, message: NOT_LET_IN[device.code] }, status);
    }
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const receipt = await deps.receiveReports(device.id, bytes);
    switch (receipt.kind) {
      case 'stored':
        return c.json({ stored: receipt.stored }, 200);
      case 'malformed_request':
        return c.json({ code: receipt.kind, message: receipt.message }, 400);
      case 'report_refused':
        return c.json({ code: receipt.kind, message: receipt.message }, 422);
    }
  });
}

const NOT_LET_IN = {
  unauthorized: 'this needs a token signed by an enrolled device',
  device_not_accepted: 'the device is enrolled and not accepted',
} as const;
