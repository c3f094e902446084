import { auditRoutes, type AuditDeps } from '../audit/audit-routes.ts';
import { blobUploadRoutes, type BlobUploadDeps } from '../blobs/blob-upload-routes.ts';
import { signingEventRoutes, type SigningEventDeps } from '../ceremonies/signing-event-routes.ts';
import { deviceRoutes, type DeviceDeps } from '../devices/device-routes.ts';
import { tokenRoutes, type TokenDeps } from '../devices/token-routes.ts';
import { offlineRoutes, type OfflineDeps } from '../director/offline-routes.ts';
import { releaseRoutes, type ReleaseDeps } from '../releases/release-routes.ts';
import { productRoutes, type ProductDeps } from '../repository/product-routes.ts';
import { trustRoutes, type TrustDeps } from '../repository/trust-routes.ts';
import { rolloutRoutes, type RolloutDeps } from '../rollouts/rollout-routes.ts';
import { apiBodyLimit } from './body-limits.ts';
import { openApiApp } from './open-api-app.ts';
import type { OperatorEnv } from './operator.ts';
import { operatorAuth, type OperatorAuthDeps } from './operator-auth.ts';

/** Everything that operators may ask for. */
export interface ApiDeps {
  readonly operators: OperatorAuthDeps;
  readonly audit: AuditDeps;
  readonly blobUpload: BlobUploadDeps;
  readonly devices: DeviceDeps;
  readonly tokens: TokenDeps;
  readonly trust: TrustDeps;
  readonly products: ProductDeps;
  readonly releases: ReleaseDeps;
  readonly rollouts: RolloutDeps;
  readonly offline: OfflineDeps;
  readonly signingEvents: SigningEventDeps;
}

/** The operator API. Who calls is known, and what they may do is decided, before a body is read. */
export function apiRoutes(deps: ApiDeps) {
  const app = openApiApp<OperatorEnv>();
  app.use(async (c, next) => {
    await next();
    c.header('Cache-Control', 'no-store');
    c.header('X-Content-Type-Options', 'nosniff');
  });
  app.use(operatorAuth(deps.operators));
  app.use(apiBodyLimit());
  const routes = app
    .route('/', auditRoutes(deps.audit))
    .route('/', blobUploadRoutes(deps.blobUpload))
    .route('/', deviceRoutes(deps.devices))
    .route('/', tokenRoutes(deps.tokens))
    .route('/', trustRoutes(deps.trust))
    .route('/', productRoutes(deps.products))
    .route('/', releaseRoutes(deps.releases))
    .route('/', rolloutRoutes(deps.rollouts))
    .route('/', offlineRoutes(deps.offline))
    .route('/', signingEventRoutes(deps.signingEvents));
  routes.openAPIRegistry.registerComponent('securitySchemes', 'operator', {
    type: 'http',
    scheme: 'bearer',
    description: 'An operator token: `slo_` and 43 letters',
  });
  routes.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Sealift operator API', version: '1' },
    servers: [{ url: '/api/v1' }],
    security: [{ operator: [] }],
  });
  return routes;
}
