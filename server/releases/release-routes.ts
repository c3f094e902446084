import { createRoute, z } from '@hono/zod-openapi';
import { errorAnswer, jsonAnswer, jsonBody } from '../http/answers.ts';
import { NameField, SignedText } from '../http/fields.ts';
import { openApiApp } from '../http/open-api-app.ts';
import { actorOf, type OperatorEnv } from '../http/operator.ts';
import { orRefused, RefusedSchema } from '../http/refused.ts';
import type { OfferedRelease, PublishOutcome } from './publish-outcome.ts';
import type { RunningOn } from './recall-store.ts';
import type { Release } from './release-store.ts';

export interface ReleaseDeps {
  /** Publishes, and tells everybody who waits for it. */
  readonly publishRelease: (release: OfferedRelease, actor: string) => Promise<PublishOutcome>;
  readonly findRelease: (
    product: string,
    version: string,
  ) => Promise<{ readonly release: Release; readonly manifest: Uint8Array } | undefined>;
  readonly runningOn: (manifestSha256: string) => Promise<RunningOn>;
  readonly listReleases: (page: {
    readonly product?: string | undefined;
    readonly limit: number;
  }) => Promise<readonly Release[]>;
}

const ReleaseJson = z
  .object({
    product: z.string(),
    version: z.string(),
    manifestSha256: z.string(),
    securityEpoch: z.int(),
    class: z.enum(['security', 'functional', 'recovery']),
    hardwareIds: z.array(z.string()).readonly(),
    state: z.enum(['published', 'recalled']),
    publishedAt: z.string(),
    releaseCounter: z.int().openapi({ description: 'Its number in the order of its product' }),
    recall: z
      .object({ at: z.string(), reason: z.string(), moveTo: z.string().nullable() })
      .nullable(),
  })
  .openapi('Release');

const list = createRoute({
  method: 'get',
  path: '/releases',
  summary: 'Published releases, newest first',
  request: {
    query: z.strictObject({
      product: NameField.optional(),
      limit: z.coerce.number().int().min(1).max(1_000).default(1_000),
    }),
  },
  responses: {
    200: jsonAnswer('Releases', z.object({ releases: z.array(ReleaseJson).readonly() })),
    400: errorAnswer('The query is not understood'),
  },
});

const show = createRoute({
  method: 'get',
  path: '/releases/{product}/{version}',
  summary: 'One release with its manifest',
  request: { params: z.object({ product: NameField, version: NameField }) },
  responses: {
    200: jsonAnswer(
      'The release',
      ReleaseJson.extend({
        manifest: z.record(z.string(), z.unknown()),
        runningOn: z
          .object({ count: z.int(), devices: z.array(z.string()).readonly() })
          .openapi({ description: 'Accepted devices that run it; the first 1,000 by id' }),
      }),
    ),
    400: errorAnswer('Not names'),
    404: errorAnswer('There is no such release'),
  },
});

const publish = createRoute({
  method: 'post',
  path: '/releases',
  summary: 'Publish a release whose blobs are here',
  request: jsonBody(z.strictObject({ manifest: SignedText, role: SignedText })),
  responses: {
    200: jsonAnswer('The very same was published before', ReleaseJson),
    201: jsonAnswer('Published', ReleaseJson),
    400: errorAnswer('The request is not understood'),
    404: errorAnswer('There is no such product'),
    409: errorAnswer('`release_conflict` or `version_conflict`'),
    422: jsonAnswer('A device would refuse it, or a file of it is missing or wrong', RefusedSchema),
  },
});

/** Releases: published once through the gate, and read ever after. */
export function releaseRoutes(deps: ReleaseDeps) {
  return openApiApp<OperatorEnv>()
    .openapi(list, async (c) =>
      c.json({ releases: await deps.listReleases(c.req.valid('query')) }, 200),
    )
    .openapi(show, async (c) => {
      const { product, version } = c.req.valid('param');
      const found = await deps.findRelease(product, version);
      if (found === undefined) {
        const message = `there is no release ${product} ${version}`;
        return c.json({ code: 'unknown_release', message }, 404);
      }
      const manifest = JSON.parse(Buffer.from(found.manifest).toString('utf8')) as JsonObject;
      const runningOn = await deps.runningOn(found.release.manifestSha256);
      return c.json({ ...found.release, manifest, runningOn }, 200);
    })
    .openapi(publish, async (c) => {
      const release = c.req.valid('json');
      const actor = actorOf(c.get('operator'));
      const outcome = await orRefused(() => deps.publishRelease(release, actor));
      if (outcome.kind === 'refused') return c.json(outcome.body, 422);
      const { value } = outcome;
      if ('release' in value) {
        const { kind, release: published } = value;
        return kind === 'published' ? c.json(published, 201) : c.json(published, 200);
      }
      return c.json({ code: value.kind, message: value.message }, STATUS[value.kind]);
    });
}

const STATUS = {
  unknown_product: 404,
  release_conflict: 409,
  version_conflict: 409,
  blob_missing: 422,
  sbom_invalid: 422,
  attestation_invalid: 422,
  role_unsafe: 422,
} as const satisfies Record<Exclude<PublishOutcome['kind'], `${string}published`>, number>;

/** A manifest passed `ManifestSchema` when it was published. */
type JsonObject = Record<string, unknown>;
