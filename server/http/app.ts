import { Hono } from 'hono';
import { blobRoutes, type BlobDeps } from '../blobs/blob-routes.ts';
import { statusPage, type StatusDeps } from '../console/status-page.tsx';
import { enrolmentRoutes, type EnrolmentDeps } from '../devices/enrolment-routes.ts';
import { assignmentRoutes, type AssignmentDeps } from '../director/assignment-routes.ts';
import { reportRoutes, type ReportDeps } from '../reports/report-routes.ts';
import { imageRoutes, type ImageDeps } from '../repository/image-routes.ts';
import { apiRoutes, type ApiDeps } from './api-routes.ts';
import { errorHandler, notFound, type LogEvent } from './error-answer.ts';
import { API } from './operator-auth.ts';
import { statusAccess, type StatusAccessDeps } from './status-access.ts';
import { publicRoutes, type PublicDeps } from './public-routes.ts';

/** Everything the server answers over HTTP, as functions. */
export interface AppDeps {
  readonly api: ApiDeps;
  readonly assignment: AssignmentDeps;
  readonly blobs: BlobDeps;
  readonly enrolment: EnrolmentDeps;
  readonly image: ImageDeps;
  readonly log: LogEvent;
  readonly open: PublicDeps;
  readonly reports: ReportDeps;
  readonly status: StatusDeps & StatusAccessDeps;
}

/** The whole HTTP side. No middleware stands before the device API: each would cost every check-in. */
export function serverApp(deps: AppDeps) {
  const status = new Hono().use('/', statusAccess(deps.status)).route('/', statusPage(deps.status));
  const app = new Hono()
    .route('/device/v1', assignmentRoutes(deps.assignment))
    .route('/device/v1', enrolmentRoutes(deps.enrolment))
    .route('/device/v1', reportRoutes(deps.reports))
    .route('/', imageRoutes(deps.image))
    .route('/blobs', blobRoutes(deps.blobs))
    .route('/', publicRoutes(deps.open))
    .route('/', status)
    .route(API, apiRoutes(deps.api));
  app.notFound(notFound);
  app.onError(errorHandler(deps.log));
  return app;
}

/**
 * The types of every route, for Hono's typed client.
 *
 * @public
 */
export type AppType = ReturnType<typeof serverApp>;
