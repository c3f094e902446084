import { Hono } from 'hono';

export interface PublicDeps {
  readonly now: () => Date;
  /** Whether the database answers. */
  readonly isHealthy: () => Promise<boolean>;
  /** Where to report a vulnerability (`mailto:` or `https:`); undefined when nobody said. */
  readonly securityContact: string | undefined;
}

const YEAR = 365 * 86_400_000;

/** What anybody may ask: whether the server lives, and whom to tell about a hole in it. */
export function publicRoutes({ now, isHealthy, securityContact }: PublicDeps) {
  return new Hono()
    .get('/healthz', async (c) =>
      (await isHealthy())
        ? c.json({ status: 'ok' }, 200)
        : c.json({ code: 'unhealthy', message: 'the database does not answer' }, 503),
    )
    .get('/.well-known/security.txt', (c) => {
      if (securityContact === undefined) return c.notFound();
      const expires = new Date(now().getTime() + YEAR).toISOString(); // RFC 9116 2.5.5
      return c.text(`Contact: ${securityContact}\nExpires: ${expires}\n`);
    });
}
