import { beforeEach, describe, expect, test } from 'vitest';
import { SHOWN, statusPage } from '../../../server/console/status-page.tsx';
import { loadStatus } from '../../../server/console/status-store.ts';
import { moveAssignments } from '../../../server/rollouts/assignment-store.ts';
import { carryOut } from '../../../server/rollouts/carry-out.ts';
import { rolloutDesk } from '../../../server/rollouts/rollout-desk.ts';
import { addDevices, addRelease, deviceIds, startFleet, type Fleet } from '../../support/fleet.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await startFleet();
});

async function page(): Promise<{ html: string; response: Response }> {
  const app = statusPage({
    loadStatus: (limit, at) => loadStatus(fleet.db, limit, at),
    now: fleet.now,
  });
  const response = await app.request('/');
  return { html: await response.text(), response };
}

/** A rollout of 2.0.0 to ten devices of which `failing` refuse it with this detail. */
async function rollOut(failing: number, detail = 'the board does not fit'): Promise<void> {
  await addRelease(fleet, '2.0.0');
  await addDevices(fleet, deviceIds(10));
  const phases = [50, 100].map((percent) => ({ percent, successPercent: 90, failurePercent: 20 }));
  const wish = { product: 'gateway', version: '2.0.0', phases, actor: 'operator:kim' };
  await rolloutDesk(fleet).createRollout(wish);
  await fleet.db.transaction().execute(async (tx) => {
    const all = await tx
      .selectFrom('assignments')
      .selectAll()
      .where('state', '=', 'offered')
      .execute();
    const refused = { state: 'refused', code: 'hardware_mismatch', detail } as const;
    await moveAssignments(tx, all.slice(0, failing), refused, fleet.now());
  });
  await carryOut('rollout-1', fleet);
}

describe('the status page', () => {
  test('says so when there is nothing yet', async () => {
    const { html } = await page();
    expect(html).toMatch(/^<!doctype html>/);
    for (const text of ['No rollout yet', 'No device yet', 'No release yet', 'trail is empty']) {
      expect(html).toContain(text);
    }
  });

  test('shows each phase with its thresholds and how far it is', async () => {
    await rollOut(0);
    const { html } = await page();
    expect(html).toContain('Phase 1, to 50 % of the fleet');
    expect(html).toContain('0 of 5 proven, 0 failed, 5 under way');
    expect(html).toContain('goes on at 90 % proven, halts at 20 % failed');
    expect(html).toContain('role="progressbar"');
  });

  test('shows why a rollout has halted, and which device refused what and why', async () => {
    await rollOut(1);
    const { html } = await page();
    expect(html).toContain('phase 1: 1 of 5 devices failed, which reaches the limit of 20 %');
    expect(html).toContain('<code>hardware_mismatch</code> the board does not fit');
  });

  test('shows the head of the audit trail', async () => {
    await rollOut(0);
    const head = await fleet.db.selectFrom('audit').selectAll().executeTakeFirstOrThrow();
    expect((await page()).html).toContain(head.hash);
  });

  test('shows at most the newest rows and says that there are more', async () => {
    await addDevices(fleet, deviceIds(SHOWN));
    expect((await page()).html).not.toContain('Only the newest');
    await addDevices(fleet, ['newest'], { enrolled_at: '2026-07-01T00:00:00.000Z' });

    const { html } = await page();

    expect(html).toContain(`Only the newest ${SHOWN} devices are shown`);
    expect(html).toContain('newest<');
    expect(html.match(/<th scope="row">/g)).toHaveLength(SHOWN);
  });

  test('shows what a device says as text, never as markup, and runs no script', async () => {
    await rollOut(1, '<script>alert(1)</script><img src=x onerror=alert(1)>');
    const { html, response } = await page();
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;script&gt;');
    expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    expect(response.headers.get('Cache-Control')).toBe('no-store');
  });
});
