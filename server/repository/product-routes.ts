import { createRoute, z } from '@hono/zod-openapi';
import { errorAnswer, jsonAnswer, jsonBody } from '../http/answers.ts';
import { NameField, SignedText } from '../http/fields.ts';
import { openApiApp } from '../http/open-api-app.ts';
import { actorOf, type OperatorEnv } from '../http/operator.ts';
import { orRefused, RefusedSchema } from '../http/refused.ts';
import type { Product } from './product-store.ts';
import type { NewProduct, RegisterOutcome } from './registration.ts';

export interface ProductDeps {
  readonly listProducts: () => Promise<readonly Product[]>;
  readonly registerProduct: (product: NewProduct, actor: string) => Promise<RegisterOutcome>;
}

const ProductJson = z
  .object({
    product: z.string(),
    hardwareIds: z.array(z.string()).readonly(),
    role: z.object({ version: z.int(), expires: z.string() }),
    createdAt: z.string(),
  })
  .openapi('Product');

const HardwareIdsField = z
  .array(NameField)
  .min(1)
  .max(64)
  .refine((ids) => new Set(ids).size === ids.length, 'a hardware id is listed twice');

const list = createRoute({
  method: 'get',
  path: '/products',
  summary: 'Every product and the state of its role',
  responses: {
    200: jsonAnswer('By id', z.object({ products: z.array(ProductJson).readonly() })),
  },
});

const register = createRoute({
  method: 'post',
  path: '/products',
  summary: 'Register a product: image targets that delegate to it, and version 1 of its role',
  request: jsonBody(
    z.strictObject({
      product: NameField,
      hardwareIds: HardwareIdsField,
      imageTargets: SignedText,
      role: SignedText,
    }),
  ),
  responses: {
    201: jsonAnswer('Registered', ProductJson),
    400: errorAnswer('The request is not understood'),
    409: errorAnswer('The product exists, or another version of the files was expected'),
    422: jsonAnswer('A device would refuse these files', RefusedSchema),
  },
});

/** A product is a name and the keys that may sign its releases. */
export function productRoutes(deps: ProductDeps) {
  return openApiApp<OperatorEnv>()
    .openapi(list, async (c) => c.json({ products: await deps.listProducts() }, 200))
    .openapi(register, async (c) => {
      const product = c.req.valid('json');
      const actor = actorOf(c.get('operator'));
      const outcome = await orRefused(() => deps.registerProduct(product, actor));
      if (outcome.kind === 'refused') return c.json(outcome.body, 422);
      const { value } = outcome;
      switch (value.kind) {
        case 'registered':
          return c.json(value.product, 201);
        case 'product_exists':
        case 'not_initialised':
        case 'version_conflict':
          return c.json({ code: value.kind, message: value.message }, 409);
        case 'role_unsafe':
          return c.json({ code: value.kind, message: value.message }, 422);
      }
    });
}
