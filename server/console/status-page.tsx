import { Hono } from 'hono';
import { DeviceTable } from './device-table.tsx';
import { ExpiryList } from './expiry-list.tsx';
import { Page } from './page.tsx';
import { ReleaseTable } from './release-table.tsx';
import { RolloutList } from './rollout-list.tsx';
import type { Status } from './status.ts';

export interface StatusDeps {
  /** What there is to see: the newest of everything, at most {@link SHOWN} each. */
  readonly loadStatus: (limit: number, now: Date) => Promise<Status>;
  readonly now: () => Date;
}

/** Rows of each kind on the page; a fleet of 100,000 does not fit on one. */
export const SHOWN = 100;

// Nothing is loaded from anywhere and no script runs, whatever a device puts into its reports.
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** `GET /`: the fleet at a glance, as plain HTML that says everything without a script. */
export function statusPage({ loadStatus, now }: StatusDeps): Hono {
  const app = new Hono();
  app.get('/', async (c) => {
    const at = now();
    const status = await loadStatus(SHOWN, at);
    c.header('Content-Security-Policy', POLICY);
    c.header('Cache-Control', 'no-store');
    c.header('Referrer-Policy', 'no-referrer');
    c.header('X-Content-Type-Options', 'nosniff');
    return c.html(
      <Page at={at} auditHead={status.auditHead}>
        <ExpiryList files={status.expiry} />
        <RolloutList rollouts={status.rollouts} shown={SHOWN} />
        <DeviceTable devices={status.devices} shown={SHOWN} />
        <ReleaseTable releases={status.releases} shown={SHOWN} />
      </Page>,
    );
  });
  return app;
}
