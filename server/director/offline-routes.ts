import { createRoute, z } from '@hono/zod-openapi';
import { DeviceId } from '../../shared/protocol/device-id.ts';
import { MAX_OFFLINE_DAYS } from '../../shared/trust/offline.ts';
import { errorAnswer, jsonAnswer, jsonBody } from '../http/answers.ts';
import { NameField } from '../http/fields.ts';
import { openApiApp } from '../http/open-api-app.ts';
import { actorOf, type OperatorEnv } from '../http/operator.ts';
import type { Carried, Carrying } from './carry-words-store.ts';

export interface OfflineDeps {
  readonly carry: (wish: Carrying) => Promise<Carried>;
}

/** One transaction signs three files for each. */
const MAX_DEVICES = 200;

const Wish = z
  .strictObject({
    product: NameField,
    version: NameField,
    devices: z
      .array(z.string().refine((text) => DeviceId.safeParse(text).success, 'is not a device id'))
      .min(1)
      .max(MAX_DEVICES)
      .refine((ids) => new Set(ids).size === ids.length, 'a device is named twice'),
    validDays: z.int().min(1).max(MAX_OFFLINE_DAYS),
  })
  .openapi('OfflineWordsWish');

const Words = z
  .object({
    validUntil: z.string(),
    words: z.array(z.object({ device: z.string(), bundle: z.string() })),
  })
  .openapi('OfflineWords', { description: 'Each bundle is the exact text for its device.' });

const create = createRoute({
  method: 'post',
  path: '/offline-words',
  summary: "Sign the director's words for devices that cannot ask",
  request: jsonBody(Wish),
  responses: {
    200: jsonAnswer('One word a device, in the order of the devices', Words),
    400: errorAnswer('The request is not understood'),
    404: errorAnswer('`unknown_release`'),
    409: errorAnswer('`release_recalled` or `device_unfit`'),
    422: errorAnswer('`offline_not_granted`: the root of the director does not allow it'),
  },
});

/** `/offline-words`: what is carried on a stick. Within what the director's offline root allows. */
export function offlineRoutes({ carry }: OfflineDeps) {
  return openApiApp<OperatorEnv>().openapi(create, async (c) => {
    const actor = actorOf(c.get('operator'));
    const carried = await carry({ ...c.req.valid('json'), actor });
    switch (carried.kind) {
      case 'signed': {
        const words = carried.words.map((word) => ({ ...word }));
        return c.json({ validUntil: carried.validUntil.toISOString(), words }, 200);
      }
      case 'unknown_release':
        return c.json({ code: carried.kind, message: 'no such release is published' }, 404);
      case 'release_recalled':
        return c.json({ code: carried.kind, message: `it was recalled: ${carried.reason}` }, 409);
      case 'device_unfit': {
        const message = `it is not for ${carried.device}: ${carried.why}`;
        return c.json({ code: carried.kind, message }, 409);
      }
      case 'offline_not_granted': {
        const message = `the root of the director allows ${carried.maxDays} days`;
        return c.json({ code: carried.kind, message }, 422);
      }
    }
  });
}
