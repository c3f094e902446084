import type { Standing } from '../author/ceremony/standing.ts';
import {
  requireToday,
  verifyStanding,
  type StandingSource,
} from '../author/ceremony/verify-standing.ts';
import type { Api } from '../operate/api.ts';
import type { Connection } from '../operate/connection.ts';
import { directorFetch, imageFetch } from '../operate/image-fetch.ts';
import { connect, type Session } from './session.ts';

/** A server and what this workspace has just verified of it. */
export interface Verified {
  readonly api: Api;
  readonly source: StandingSource;
  readonly standing: Standing;
}

/** Asks the server and verifies; what people signed may have expired, what the server signs may not. */
export async function verifyServer(session: Session): Promise<Verified> {
  const { api, connection } = await connect(session);
  const source = serverSource(connection);
  const standing = await verifyStanding(session.workspace, source);
  await requireToday(session.workspace, session.world.now());
  return { api, source, standing };
}

function serverSource(connection: Connection): StandingSource {
  return { image: imageFetch(connection), director: directorFetch(connection) };
}
